import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, rowsOf } from '@payer/service';
import { plans } from '@payer/smart';
import { DataSource } from 'typeorm';
import { z } from 'zod';
import { organizationName } from '../apps/app-organization.js';
import type { Config } from '../config.js';
import { ProductionRequest, productionRequestStatuses } from '../request-record/production-request.entity.js';
import { productionRequestView, viewOfRequest } from '../request-record/production-request-view.js';

const queueLimit = 500;
const noChoice = z.literal('').transform(() => undefined);
const submittedStatuses = productionRequestStatuses.filter((status) => status !== 'draft');

/** Query of `GET /api/production-requests`, and of the filter on the page. */
export const queueQuery = z.object({
  status: z
    .enum(submittedStatuses as [string, ...string[]], `must be one of ${submittedStatuses.join(', ')}`)
    .or(noChoice)
    .optional(),
  plan: z
    .enum(plans, `must be one of ${plans.join(', ')}`)
    .or(noChoice)
    .optional(),
  overdue: z.enum(['true'], 'must be true').or(noChoice).optional(),
  /** A part of the app's name, the organization or the developer's address. */
  text: z.string().trim().max(100, 'must have at most 100 characters').or(noChoice).optional(),
});
export type QueueQuery = z.infer<typeof queueQuery>;

/** A request in the queue of the platform team. */
export const queueEntry = productionRequestView.extend({
  client_name: z.string(),
  organization: z.string(),
  plan: z.string().nullable(),
  developer_email: z.string(),
  decided_by: z.string().nullable(),
  /** Whole days since the submission, until the decision or now. */
  age_days: z.int(),
  /** The day by which the team means to decide. */
  due_at: z.iso.datetime().nullable(),
  is_overdue: z.boolean(),
});
export type QueueEntry = z.infer<typeof queueEntry>;

type Row = ProductionRequest & Pick<QueueEntry, 'client_name' | 'organization' | 'plan' | 'developer_email'>;

const day = 86_400_000;

/** The requests of all apps, for the platform team. */
@Injectable()
export class RequestQueue {
  constructor(
    private readonly source: DataSource,
    @Inject(CONFIG) private readonly config: Pick<Config, 'REVIEW_DAYS'>,
  ) {}

  /** Waiting requests first, in order of age, then the others, the newest first. At most 500. */
  async find(query: QueueQuery = {}): Promise<QueueEntry[]> {
    const rows = await rowsOf<Row>(
      this.source,
      `SELECT r.*, app.client_name, app.plan, ${organizationName} AS organization, account.email AS developer_email
       FROM production_request r JOIN app USING (client_id) JOIN account ON account.id = app.owner_id
       WHERE r.status <> 'draft' AND ($1::text IS NULL OR r.status = $1) AND ($2::text IS NULL OR app.plan = $2)
         AND ($3::text IS NULL OR position(lower($3) IN lower(app.client_name)) > 0
              OR position(lower($3) IN lower(${organizationName})) > 0
              OR position(lower($3) IN lower(account.email)) > 0)
         AND (NOT $4 OR (r.status = 'pending'
              AND coalesce(r.submitted_at, r.created_at) < now() - make_interval(days => $5)))
       ORDER BY (r.status = 'pending') DESC,
                CASE WHEN r.status = 'pending' THEN coalesce(r.submitted_at, r.created_at) END,
                r.decided_at DESC
       LIMIT ${queueLimit}`,
      [
        query.status ?? null,
        query.plan ?? null,
        query.text || null,
        query.overdue === 'true',
        this.config.REVIEW_DAYS,
      ],
    );
    return rows.map((row) => this.entryOf(row));
  }

  /** The deadline of a request that waits since `submittedAt`. */
  dueAt(submittedAt: string): Date {
    return new Date(new Date(submittedAt).getTime() + this.config.REVIEW_DAYS * day);
  }

  private entryOf(row: Row): QueueEntry {
    const view = viewOfRequest(row);
    const since = view.submitted_at ?? view.created_at;
    const until = row.status === 'pending' ? new Date() : (row.decided_at ?? new Date());
    const due = row.status === 'pending' ? this.dueAt(since) : null;
    return {
      ...view,
      client_name: row.client_name,
      organization: row.organization,
      plan: row.plan,
      developer_email: row.developer_email,
      decided_by: row.decided_by,
      age_days: Math.max(0, Math.floor((until.getTime() - new Date(since).getTime()) / day)),
      due_at: due?.toISOString() ?? null,
      is_overdue: due !== null && due < new Date(),
    };
  }
}

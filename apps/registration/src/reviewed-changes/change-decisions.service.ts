import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { Problem, rowsOf } from '@payer/service';
import { z } from 'zod';
import { AppChanges } from '../apps/app-changes.js';
import { organizationName, organizationOf } from '../apps/app-organization.js';
import { reviewableValues, reviewedDifference, type ReviewedDifference } from '../apps/reviewed-values.js';
import { plainText } from '../developers/account-fields.js';
import type { Actor } from '../sessions/actor.js';
import { RequestMails } from '../production-requests/request-mails.js';
import type { SecurityRiskKey } from '../request-record/security-risks.js';

export const changeStatuses = ['pending', 'approved', 'rejected', 'superseded'] as const;

/** A change of an approved app in the answers of the API. */
export const changeView = z.object({
  id: z.uuid(),
  client_id: z.string(),
  client_name: z.string(),
  organization: z.string(),
  status: z.enum(changeStatuses),
  changes: z.array(reviewedDifference),
  note: z.string().nullable(),
  decided_by: z.string().nullable(),
  created_at: z.iso.datetime(),
  decided_at: z.iso.datetime().nullable(),
  /** Version of the app, for the approval. */
  app_version: z.int(),
});
export type ChangeView = z.infer<typeof changeView>;

export const changeQuery = z.object({
  status: z.enum(changeStatuses, `must be one of ${changeStatuses.join(', ')}`).optional(),
});
export const changeApprovalBody = z.object({ note: plainText(2000).nullish() });

interface Row extends Omit<ChangeView, 'created_at' | 'decided_at'> {
  created_at: Date;
  decided_at: Date | null;
}

/** Decides changes of approved apps. A change holds in production after its approval. */
@Injectable()
export class ChangeDecisionsService {
  constructor(
    private readonly source: DataSource,
    private readonly changes: AppChanges,
    private readonly mails: RequestMails,
  ) {}

  /** Pending changes first, the oldest first, then the others, the newest first. At most 200. */
  async list(filter: { status?: string | undefined; id?: string } = {}): Promise<ChangeView[]> {
    const rows = await rowsOf<Row>(
      this.source,
      `SELECT c.id, c.client_id, c.status, c.changes, c.note, c.decided_by, c.created_at, c.decided_at,
              app.client_name, app.version AS app_version, ${organizationName} AS organization
       FROM app_change c JOIN app USING (client_id)
       WHERE ($1::text IS NULL OR c.status = $1) AND ($2::uuid IS NULL OR c.id = $2)
       ORDER BY (c.status = 'pending') DESC, CASE WHEN c.status = 'pending' THEN c.created_at END,
                c.decided_at DESC
       LIMIT 200`,
      [filter.status ?? null, filter.id ?? null],
    );
    return rows.map((row) => ({
      ...row,
      created_at: row.created_at.toISOString(),
      decided_at: row.decided_at?.toISOString() ?? null,
    }));
  }

  /** @throws Problem 404 */
  async find(id: string): Promise<ChangeView> {
    const [change] = z.uuid().safeParse(id).success ? await this.list({ id }) : [];
    if (!change) throw new Problem(404, 'change_not_found', 'There is no such change.');
    return change;
  }

  /** Production takes the changed values. @throws Problem 404; 409 when it no longer waits */
  approve(actor: Actor, id: string, note: string | null): Promise<ChangeView> {
    return this.decide(actor, id, 'approved', note, null);
  }

  /** Production keeps the reviewed values. The developer reads the note. */
  reject(actor: Actor, id: string, note: string, reason: SecurityRiskKey): Promise<ChangeView> {
    return this.decide(actor, id, 'rejected', note, reason);
  }

  private async decide(
    actor: Actor,
    id: string,
    status: 'approved' | 'rejected',
    note: string | null,
    reason: SecurityRiskKey | null,
  ): Promise<ChangeView> {
    const known = await this.find(id);
    await this.changes.change(actor, known.client_id, 'govern', async (app, manager) => {
      // The lock on the app also orders decisions and further changes of the developer.
      const decided = await rowsOf<{ changes: ReviewedDifference[] }>(
        manager,
        `WITH decided AS (
           UPDATE app_change SET status = $2, note = $3, reason = $4, decided_by = $5, decided_at = now()
           WHERE id = $1 AND status = 'pending' RETURNING changes)
         SELECT changes FROM decided`,
        [id, status, note, reason, actor.email],
      );
      if (decided.length === 0)
        throw new Problem(
          409,
          'already_decided',
          'This change no longer waits: it was decided, or the developer has changed the app again.',
        );
      if (status === 'approved')
        app.reviewed = reviewableValues(app, await organizationOf(manager, app.client_id));
      await this.mails.toDevelopers(manager, app, {
        subject: `Change ${status}: ${app.client_name}`,
        sentence:
          status === 'approved'
            ? `Your change of ${app.client_name} now holds in production, too.`
            : `Your change of ${app.client_name} stays in the sandbox. Production keeps the reviewed values.`,
        words: note,
      });
      return {
        record: {
          event: 'app-updated',
          action: status === 'approved' ? 'app-change-approved' : 'app-change-rejected',
          detail: { change: id, changes: decided[0]?.changes, note, ...(reason && { reason }) },
        },
        result: undefined,
      };
    });
    return this.find(id);
  }
}

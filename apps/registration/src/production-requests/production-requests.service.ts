import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { Problem, rowsOf } from '@payer/service';
import { z } from 'zod';
import type { App } from '../apps/app.entity.js';
import { AppChanges } from '../apps/app-changes.js';
import { plainText } from '../developers/account-fields.js';
import type { Actor } from '../developers/actor.js';
import {
  productionRequestStatuses,
  ProductionRequest,
  type ProductionRequestStatus,
} from './production-request.entity.js';
import {
  productionRequestView,
  viewOfRequest,
  type ProductionRequestView,
} from './production-request-view.js';

/** Body of `POST /api/apps/:client_id/production-request`. */
export const productionRequestBody = z.object({
  use_case: plainText(2000).nullish(),
  contact: plainText(254).nullish(),
});

/** Body of `…/approve`. */
export const approvalBody = z.object({ note: plainText(2000).nullish() });
/** Body of `…/reject`. The note is required: it tells the developer the reason. */
export const rejectionBody = z.object({
  note: plainText(2000).min(1, 'must not be empty: tell the developer what to change'),
});

/** Query of `GET /api/production-requests`. */
export const queueQuery = z.object({
  status: z
    .enum(productionRequestStatuses, `must be one of ${productionRequestStatuses.join(', ')}`)
    .optional(),
});

/** A request in the queue of the platform team. */
export const queueEntry = productionRequestView.extend({
  client_name: z.string(),
  organization: z.string(),
  plan: z.string().nullable(),
  developer_email: z.string(),
  decided_by: z.string().nullable(),
});
export type QueueEntry = z.infer<typeof queueEntry>;

const queueLimit = 500;

/** Developers ask for production; the platform team approves or rejects. */
@Injectable()
export class ProductionRequestsService {
  constructor(
    private readonly source: DataSource,
    private readonly changes: AppChanges,
  ) {}

  /**
   * @throws Problem 409 when the app has no plan, is suspended or approved, or when a request is already
   * waiting
   */
  async ask(
    actor: Actor,
    clientId: string,
    wish: z.infer<typeof productionRequestBody>,
  ): Promise<ProductionRequestView> {
    const request: ProductionRequest = {
      id: randomUUID(),
      client_id: clientId,
      status: 'pending',
      use_case: wish.use_case || null,
      contact: wish.contact || null,
      note: null,
      decided_by: null,
      created_at: new Date(),
      decided_at: null,
    };
    await this.changes.change(actor, clientId, 'develop', async (app, manager) => {
      checkMayAsk(app);
      const waiting = await manager.existsBy(ProductionRequest, { client_id: clientId, status: 'pending' });
      if (waiting)
        throw new Problem(409, 'request_pending', 'A production request for this app is waiting for review.');
      await manager.insert(ProductionRequest, request);
      return {
        record: { event: 'app-updated', action: 'production-requested', detail: { request: request.id } },
        result: undefined,
      };
    });
    return viewOfRequest(request);
  }

  /**
   * Opens production for the app.
   * @throws Problem 404; 409 when already decided, or the app is suspended or deleted
   */
  async approve(actor: Actor, id: string, note: string | null): Promise<ProductionRequestView> {
    return this.decide(actor, id, 'approved', note, (app) => {
      if (app.status === 'suspended')
        throw new Problem(409, 'app_suspended', 'The app is suspended; reinstate it before you approve.');
      app.approved_at = new Date();
    });
  }

  /** @throws Problem 404; 409 when already decided */
  async reject(actor: Actor, id: string, note: string): Promise<ProductionRequestView> {
    return this.decide(actor, id, 'rejected', note, () => undefined);
  }

  /** Waiting requests first, in order of age, then decided requests, the newest first. At most 500. */
  queue(status?: ProductionRequestStatus): Promise<QueueEntry[]> {
    return rowsOf<QueueEntry>(
      this.source,
      `SELECT r.id, r.client_id, r.status, r.use_case, r.contact, r.note, r.created_at, r.decided_at, r.decided_by,
              app.client_name, app.plan, account.organization, account.email AS developer_email
       FROM production_request r JOIN app USING (client_id) JOIN account ON account.id = app.owner_id
       WHERE $1::text IS NULL OR r.status = $1
       ORDER BY (r.status = 'pending') DESC, CASE WHEN r.status = 'pending' THEN r.created_at END,
                r.decided_at DESC
       LIMIT ${queueLimit}`,
      [status ?? null],
    );
  }

  private async decide(
    actor: Actor,
    id: string,
    status: 'approved' | 'rejected',
    note: string | null,
    effect: (app: App) => void,
  ): Promise<ProductionRequestView> {
    const known = z.uuid().safeParse(id).success
      ? await this.source.manager.findOneBy(ProductionRequest, { id })
      : null;
    if (!known) throw new Problem(404, 'request_not_found', 'There is no such production request.');
    const { result } = await this.changes.change(actor, known.client_id, 'govern', async (app, manager) => {
      const request = await manager.findOneByOrFail(ProductionRequest, { id });
      if (request.status !== 'pending')
        throw new Problem(
          409,
          'already_decided',
          `This request is ${request.status} already.${request.status === 'rejected' ? ' The developer can ask again.' : ''}`,
        );
      effect(app);
      Object.assign(request, { status, note: note || null, decided_by: actor.email, decided_at: new Date() });
      await manager.save(ProductionRequest, request);
      return {
        record: {
          event: status === 'approved' ? 'app-approved' : 'app-updated',
          action: status === 'approved' ? 'production-approved' : 'production-rejected',
          detail: { request: id, note: request.note },
        },
        result: viewOfRequest(request),
      };
    });
    return result;
  }
}

function checkMayAsk(app: App): void {
  if (app.status === 'suspended')
    throw new Problem(409, 'app_suspended', `The app is suspended: ${app.suspended_reason ?? ''}`);
  if (!app.plan)
    throw new Problem(
      409,
      'not_subscribed',
      `Subscribe the app to a plan first (PUT /api/apps/${app.client_id}/subscription) and try it in the sandbox.`,
    );
  if (app.approved_at) throw new Problem(409, 'already_approved', 'Production is open for this app already.');
}

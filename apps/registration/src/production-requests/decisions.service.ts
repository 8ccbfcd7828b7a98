import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { Problem, rowsOf } from '@payer/service';
import { z } from 'zod';
import type { App } from '../apps/app.entity.js';
import { AppChanges, type ChangeRecord } from '../apps/app-changes.js';
import { organizationOf } from '../apps/app-organization.js';
import { reviewableValues } from '../apps/reviewed-values.js';
import { plainText } from '../developers/account-fields.js';
import type { Actor } from '../sessions/actor.js';
import { mayDo, teamRoles } from '../team-roles/team-roles.js';
import { ProductionRequest, statusTitles } from '../request-record/production-request.entity.js';
import { viewOfRequest, type ProductionRequestView } from '../request-record/production-request-view.js';
import { addEntry, type EntryKind } from '../request-record/request-history.js';
import { RequestMails } from './request-mails.js';
import { securityRiskKeys, securityRisks, type SecurityRiskKey } from '../request-record/security-risks.js';

/** The version of the app that the reviewer has seen. A decision about another version is refused. */
const seenVersion = z.coerce.number().int().min(1).optional();

/** Body of `…/approve`. */
export const approvalBody = z.object({ note: plainText(2000).nullish(), app_version: seenVersion });
/** Body of `…/request-changes`. */
export const changesBody = z.object({
  note: plainText(2000).min(1, 'must not be empty: tell the developer what to change'),
});
/**
 * Body of `…/reject`. The note is required: it explains the risk to the developer. Without a reason the
 * rejection is recorded as another risk of the plan's risk analysis, which the note names.
 */
export const rejectionBody = z.object({
  note: plainText(2000).min(1, 'must not be empty: explain the risk to the developer'),
  reason: z
    .enum(securityRiskKeys, { error: `must be one of ${securityRiskKeys.join(', ')}` })
    .default('other-security-risk'),
});

/** A decision, as the table below describes it. */
interface Decision {
  status: 'approved' | 'changes_requested' | 'rejected';
  entry: EntryKind;
  record: Pick<ChangeRecord, 'event' | 'action'>;
  subject: string;
}

const decisions = {
  approve: {
    status: 'approved',
    entry: 'approved',
    record: { event: 'app-approved', action: 'production-approved' },
    subject: 'Production is open',
  },
  askBack: {
    status: 'changes_requested',
    entry: 'changes-requested',
    record: { event: 'app-updated', action: 'production-changes-requested' },
    subject: 'The platform team asks for changes',
  },
  reject: {
    status: 'rejected',
    entry: 'rejected',
    record: { event: 'app-updated', action: 'production-rejected' },
    subject: 'The production request was rejected',
  },
} as const satisfies Record<string, Decision>;

/** The platform team's side of production requests. */
@Injectable()
export class DecisionsService {
  constructor(
    private readonly source: DataSource,
    private readonly changes: AppChanges,
    private readonly mails: RequestMails,
  ) {}

  /**
   * Opens production for the app. The values of this moment become the reviewed ones.
   * @param appVersion that the reviewer has seen, if known
   * @throws Problem 404; 409 when already decided, when the app is suspended or deleted, or when it has
   * another version
   */
  approve(
    actor: Actor,
    id: string,
    note: string | null,
    appVersion?: number,
  ): Promise<ProductionRequestView> {
    return this.decide(actor, id, decisions.approve, { note, reason: null }, async (app, manager) => {
      if (app.status === 'suspended')
        throw new Problem(409, 'app_suspended', 'The app is suspended; reinstate it before you approve.');
      if (appVersion !== undefined && appVersion !== app.version)
        throw new Problem(
          409,
          'app_changed',
          'The app has changed since you opened this page. Load the page again and review the change.',
        );
      app.approved_at = new Date();
      app.reviewed = reviewableValues(app, await organizationOf(manager, app.client_id));
    });
  }

  /** Asks the developer for changes. The request goes back to the developer. */
  askBack(actor: Actor, id: string, note: string): Promise<ProductionRequestView> {
    return this.decide(actor, id, decisions.askBack, { note, reason: null });
  }

  /** Rejects for a security risk. The developer may appeal once. */
  reject(actor: Actor, id: string, note: string, reason: SecurityRiskKey): Promise<ProductionRequestView> {
    return this.decide(actor, id, decisions.reject, { note, reason });
  }

  private async decide(
    actor: Actor,
    id: string,
    decision: Decision,
    { note, reason }: { note: string | null; reason: SecurityRiskKey | null },
    effect?: (app: App, manager: EntityManager) => Promise<void>,
  ): Promise<ProductionRequestView> {
    const known = z.uuid().safeParse(id).success
      ? await this.source.manager.findOneBy(ProductionRequest, { id })
      : null;
    if (!known || known.status === 'draft')
      throw new Problem(404, 'request_not_found', 'There is no such production request.');
    const { result } = await this.changes.change(actor, known.client_id, 'govern', async (app, manager) => {
      const request = await manager.findOneByOrFail(ProductionRequest, { id });
      refuseDecided(request);
      if (request.appealed_at) await this.refuseSamePerson(manager, actor, request);
      await effect?.(app, manager);
      Object.assign(request, {
        status: decision.status,
        note: note || null,
        reason,
        decided_by: actor.email,
        decided_at: new Date(),
      });
      await manager.save(ProductionRequest, request);
      await addEntry(manager, id, actor, { kind: decision.entry, text: request.note, reason });
      await this.mails.toDevelopers(manager, app, {
        subject: `${decision.subject}: ${app.client_name}`,
        sentence: reason
          ? `The reason: ${securityRisks[reason].title}. ${securityRisks[reason].meaning}`
          : `The production request of ${app.client_name}: ${statusTitles[decision.status].toLowerCase()}.`,
        words: request.note,
      });
      return {
        record: {
          ...decision.record,
          detail: { request: id, note: request.note, ...(reason && { reason }) },
        },
        result: viewOfRequest(request),
      };
    });
    return result;
  }

  /** An appeal is decided by another person than the rejection, where the team has another reviewer. */
  private async refuseSamePerson(manager: EntityManager, actor: Actor, request: ProductionRequest) {
    if (request.decided_by !== actor.email) return;
    const others = await rowsOf(
      manager,
      `SELECT 1 FROM account WHERE role = 'platform' AND ended_at IS NULL AND id <> $1
         AND team_roles && $2::text[] LIMIT 1`,
      [actor.id, teamRoles.filter((role) => mayDo([role], 'review'))],
    );
    if (others.length > 0)
      throw new Problem(
        409,
        'other_reviewer_needed',
        'You rejected this request. Another reviewer decides the appeal.',
      );
  }
}

function refuseDecided({ status }: ProductionRequest): void {
  if (status === 'pending') return;
  if (status === 'changes_requested')
    throw new Problem(409, 'with_developer', 'The team has asked for changes. The developer submits again.');
  throw new Problem(
    409,
    'already_decided',
    `This request is ${status} already.${status === 'rejected' ? ' The developer can ask again.' : ''}`,
  );
}

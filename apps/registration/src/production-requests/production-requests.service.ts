import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { DataSource, In, type EntityManager } from 'typeorm';
import { Problem, rowsOf } from '@payer/service';
import { z } from 'zod';
import type { App } from '../apps/app.entity.js';
import { organizationOf } from '../apps/app-organization.js';
import { AppChanges } from '../apps/app-changes.js';
import { plainText } from '../developers/account-fields.js';
import { EmailConfirmation } from '../developers/email-confirmation.service.js';
import type { Actor } from '../sessions/actor.js';
import {
  editableStatuses,
  openStatuses,
  ProductionRequest,
} from '../request-record/production-request.entity.js';
import { viewOfRequest, type ProductionRequestView } from '../request-record/production-request-view.js';
import { answersSchema, changedAnswers, missingAnswers, type Answers } from '../request-record/questions.js';
import { addEntry } from '../request-record/request-history.js';
import { RequestMails } from './request-mails.js';

/** Body of `PUT /api/apps/:client_id/production-request`. Absent answers stay as they are. */
export const draftBody = answersSchema;

/**
 * Body of `POST /api/apps/:client_id/production-request`. `use_case` and `contact` are the names of the
 * first version of the API.
 */
export const productionRequestBody = answersSchema.extend({
  use_case: plainText(2000).nullish(),
  contact: plainText(254).nullish(),
});
export type Submission = z.infer<typeof productionRequestBody>;

/** Body of a message, and of an appeal. */
export const wordsBody = z.object({ text: plainText(4000).min(1, 'must not be empty') });

/** The developer's side of production requests: draft, submission, withdrawal, appeal. */
@Injectable()
export class ProductionRequestsService {
  constructor(
    private readonly source: DataSource,
    private readonly changes: AppChanges,
    private readonly mails: RequestMails,
    private readonly confirmation: EmailConfirmation,
  ) {}

  /** The latest request of the app. Null when the developer has never begun one. */
  latest(clientId: string): Promise<ProductionRequest | null> {
    return latestOf(this.source.manager, clientId);
  }

  /**
   * Saves answers without a submission.
   * @throws Problem 409 when the app may not ask, or when its request is waiting for review
   */
  async saveDraft(actor: Actor, clientId: string, answers: Answers): Promise<ProductionRequestView> {
    const { result } = await this.changes.change(actor, clientId, 'develop', async (app, manager) => {
      checkMayAsk(app);
      const request = await this.editable(manager, app);
      request.answers = { ...request.answers, ...answers };
      await manager.save(ProductionRequest, request);
      return { record: null, result: viewOfRequest(request) };
    });
    return result;
  }

  /**
   * Submits the request with its saved answers and the given ones.
   * @param isChecked whether a needed question without an answer refuses the submission, as on the page. The
   * API submits without one: the platform team asks back.
   * @throws Problem 400 with the missing answers; 409 when the app may not ask, when a request is waiting, or
   * when the email address of the developer is not confirmed
   */
  async submit(
    actor: Actor,
    clientId: string,
    { use_case, contact, ...given }: Submission,
    { isChecked = false } = {},
  ): Promise<ProductionRequestView> {
    const { result } = await this.changes.change(actor, clientId, 'develop', async (app, manager) => {
      checkMayAsk(app);
      await this.confirmation.requireForProduction(manager, actor.id);
      const request = await this.editable(manager, app);
      const before = await lastSubmission(manager, clientId);
      const answers = { ...request.answers, ...(use_case ? { description: use_case } : {}), ...given };
      if (isChecked) refuseMissing(answers);
      Object.assign(request, {
        answers,
        status: 'pending',
        use_case: answers.description ?? null,
        contact: contact ?? answers.contacts?.[0] ?? request.contact,
        note: null,
        submitted_at: new Date(),
        submissions: request.submissions + 1,
      });
      await manager.save(ProductionRequest, request);
      applyToApp(app, answers);
      const changed = before ? changedAnswers(before, answers) : [];
      const kind = before ? 'resubmitted' : 'submitted';
      await addEntry(manager, request.id, actor, { kind, changed, answers });
      await this.mails.toReviewers(manager, `/platform/requests/${request.id}`, {
        subject: `Production request: ${app.client_name}`,
        sentence: `${await organizationOf(manager, clientId)} asks for production access of ${app.client_name}.`,
      });
      return {
        record: { event: 'app-updated', action: 'production-requested', detail: { request: request.id } },
        result: viewOfRequest(request),
      };
    });
    return result;
  }

  /** @throws Problem 404 when no request is open */
  async withdraw(actor: Actor, clientId: string): Promise<ProductionRequestView> {
    const { result } = await this.changes.change(actor, clientId, 'develop', async (_app, manager) => {
      const request = await openRequest(manager, clientId);
      if (!request) throw new Problem(404, 'request_not_found', 'The app has no open production request.');
      Object.assign(request, { status: 'withdrawn', decided_at: new Date() });
      await manager.save(ProductionRequest, request);
      await addEntry(manager, request.id, actor, { kind: 'withdrawn' });
      return {
        record: { event: 'app-updated', action: 'production-withdrawn', detail: { request: request.id } },
        result: viewOfRequest(request),
      };
    });
    return result;
  }

  /** Submits a rejected request again with the developer's reasons, once. Another reviewer decides it. */
  async appeal(actor: Actor, clientId: string, words: string): Promise<ProductionRequestView> {
    const { result } = await this.changes.change(actor, clientId, 'develop', async (app, manager) => {
      checkMayAsk(app);
      const request = await latestOf(manager, clientId);
      if (request?.status !== 'rejected')
        throw new Problem(409, 'not_rejected', 'Only a rejected request has an appeal.');
      if (request.appealed_at)
        throw new Problem(409, 'appealed_already', 'This request was appealed once. Submit a new request.');
      Object.assign(request, { status: 'pending', appealed_at: new Date(), submitted_at: new Date() });
      await manager.save(ProductionRequest, request);
      await addEntry(manager, request.id, actor, { kind: 'appealed', text: words });
      await this.mails.toReviewers(manager, `/platform/requests/${request.id}`, {
        subject: `Appeal: ${app.client_name}`,
        sentence: `${await organizationOf(manager, clientId)} appeals against the rejection of ${app.client_name}.`,
        words,
      });
      return {
        record: { event: 'app-updated', action: 'production-appealed', detail: { request: request.id } },
        result: viewOfRequest(request),
      };
    });
    return result;
  }

  /** Records the attestation, or takes it back. It needs no review, so it works after the approval, too. */
  async attest(actor: Actor, clientId: string, isAttested: boolean, by: string | null): Promise<void> {
    await this.changes.change(actor, clientId, 'develop', async (app, manager) => {
      if ((app.attested_at !== null) === isAttested) return { record: null, result: undefined };
      app.attested_at = isAttested ? new Date() : null;
      const request = await latestOf(manager, clientId);
      if (request) {
        request.answers = { ...request.answers, attestation: isAttested, attested_by: by };
        await manager.save(ProductionRequest, request);
      }
      return {
        record: { event: 'app-updated', action: 'app-attested', detail: { attested: isAttested, by } },
        result: undefined,
      };
    });
  }

  /** The request that the developer may edit: the open one, or a new draft with the earlier answers. */
  private async editable(manager: EntityManager, app: App): Promise<ProductionRequest> {
    const open = await openRequest(manager, app.client_id);
    if (open && !editableStatuses.includes(open.status))
      throw new Problem(
        409,
        'request_pending',
        'A production request for this app is waiting for review. Withdraw it to change it.',
      );
    if (open) return open;
    const earlier = await latestOf(manager, app.client_id);
    const draft = manager.create(ProductionRequest, {
      id: randomUUID(),
      client_id: app.client_id,
      status: 'draft',
      use_case: null,
      contact: null,
      answers: earlier?.answers ?? answersOfApp(app, await organizationOf(manager, app.client_id)),
      note: null,
      reason: null,
      decided_by: null,
      created_at: new Date(),
      submitted_at: null,
      submissions: 0,
      appealed_at: null,
      decided_at: null,
    });
    await manager.insert(ProductionRequest, draft);
    return draft;
  }
}

/** The answers that the app's metadata and its organization give already. */
export function answersOfApp(
  app: Pick<App, 'policy_uri' | 'tos_uri' | 'contacts'>,
  organization: string,
): Answers {
  return {
    organization_name: organization,
    ...(app.contacts.length > 0 ? { contacts: app.contacts } : {}),
    ...(app.policy_uri ? { privacy_policy_uri: app.policy_uri } : {}),
    ...(app.tos_uri ? { tos_uri: app.tos_uri } : {}),
  };
}

/** @throws Problem 409 with the state that forbids a request */
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

/** The consent page links to the policy and the terms of the app, so the answers become its metadata. */
function applyToApp(app: App, answers: Answers): void {
  if (answers.privacy_policy_uri) app.policy_uri = answers.privacy_policy_uri;
  if (answers.tos_uri) app.tos_uri = answers.tos_uri;
  if (answers.attestation !== undefined)
    app.attested_at = answers.attestation ? (app.attested_at ?? new Date()) : null;
}

function refuseMissing(answers: Answers): void {
  const missing = missingAnswers(answers);
  if (missing.length === 0) return;
  throw new Problem(
    400,
    'answers_missing',
    `These answers are missing: ${missing.map(({ name }) => name).join(', ')}.`,
    missing.map(({ name }) => ({ field: name, message: 'must have an answer before you submit' })),
  );
}

const latestOf = (manager: EntityManager, clientId: string) =>
  manager.findOne(ProductionRequest, { where: { client_id: clientId }, order: { created_at: 'DESC' } });

const openRequest = (manager: EntityManager, clientId: string) =>
  manager.findOneBy(ProductionRequest, { client_id: clientId, status: In([...openStatuses]) });

/** The answers of the app's latest submission, of this request or of an earlier one. */
async function lastSubmission(manager: EntityManager, clientId: string): Promise<Answers | undefined> {
  const [latest] = await rowsOf<{ answers: Answers }>(
    manager,
    `SELECT entry.detail->'answers' AS answers
     FROM production_request_entry AS entry JOIN production_request AS request ON request.id = request_id
     WHERE request.client_id = $1 AND entry.kind IN ('submitted', 'resubmitted')
     ORDER BY entry.id DESC LIMIT 1`,
    [clientId],
  );
  return latest?.answers;
}

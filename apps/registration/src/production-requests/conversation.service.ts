import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { Problem } from '@payer/service';
import { z } from 'zod';
import { organizationOf } from '../apps/app-organization.js';
import { App } from '../apps/app.entity.js';
import { checkAccess } from '../apps/app-access.js';
import type { Actor } from '../sessions/actor.js';
import { ProductionRequest } from '../request-record/production-request.entity.js';
import { viewOfRequest, type RequestWithHistory } from '../request-record/production-request-view.js';
import { addEntry, historyOf } from '../request-record/request-history.js';
import { RequestMails } from './request-mails.js';

/** Messages between a developer and the platform team about a request, and its history. */
@Injectable()
export class ConversationService {
  constructor(
    private readonly source: DataSource,
    private readonly mails: RequestMails,
  ) {}

  /**
   * The latest request of an app.
   * @throws Problem 404 when the actor has no such app, or the app no request
   */
  async ofApp(actor: Actor, clientId: string): Promise<RequestWithHistory> {
    const app = await this.source.manager.findOneBy(App, { client_id: clientId });
    checkAccess(actor, app, 'see');
    const request = await this.source.manager.findOne(ProductionRequest, {
      where: { client_id: clientId },
      order: { created_at: 'DESC' },
    });
    // A draft is the developer's alone.
    if (!request || (actor.role === 'platform' && request.status === 'draft'))
      throw new Problem(404, 'request_not_found', 'The app has no production request.');
    return this.view(request);
  }

  /** The latest request of an app, or null when there is none that the actor may see. */
  async latest(actor: Actor, clientId: string): Promise<RequestWithHistory | null> {
    return this.ofApp(actor, clientId).catch((error: unknown) => {
      if (error instanceof Problem && error.code === 'request_not_found') return null;
      throw error;
    });
  }

  /** One request, for the platform team. @throws Problem 404 */
  async find(id: string): Promise<RequestWithHistory> {
    const request = z.uuid().safeParse(id).success
      ? await this.source.manager.findOneBy(ProductionRequest, { id })
      : null;
    if (!request || request.status === 'draft')
      throw new Problem(404, 'request_not_found', 'There is no such production request.');
    return this.view(request);
  }

  /** The earlier requests of the same app, the newest first. */
  async earlier(request: RequestWithHistory): Promise<RequestWithHistory[]> {
    const all = await this.source.manager.find(ProductionRequest, {
      where: { client_id: request.client_id },
      order: { created_at: 'DESC' },
      take: 20,
    });
    const others = all.filter(
      ({ id, status, created_at }) =>
        id !== request.id && status !== 'draft' && created_at.toISOString() < request.created_at,
    );
    return Promise.all(others.map((other) => this.view(other)));
  }

  /** A message of the developer, to the reviewers. */
  async fromDeveloper(actor: Actor, clientId: string, text: string): Promise<RequestWithHistory> {
    const app = await this.source.manager.findOneBy(App, { client_id: clientId });
    checkAccess(actor, app, 'develop');
    const request = await this.ofApp(actor, clientId);
    if (request.status === 'draft')
      throw new Problem(409, 'not_submitted', 'Submit the request first. Then you can write to the team.');
    await this.source.transaction(async (manager) => {
      await addEntry(manager, request.id, actor, { kind: 'message', text });
      await this.mails.toReviewers(manager, `/platform/requests/${request.id}`, {
        subject: `Message about ${app.client_name}`,
        sentence: `${actor.name} of ${await organizationOf(manager, clientId)} wrote:`,
        words: text,
      });
    });
    return this.ofApp(actor, clientId);
  }

  /** A message of the platform team, to the developer. */
  async fromTeam(actor: Actor, id: string, text: string): Promise<RequestWithHistory> {
    const request = await this.find(id);
    await this.source.transaction(async (manager) => {
      await addEntry(manager, id, actor, { kind: 'message', text });
      const app = await manager.findOneByOrFail(App, { client_id: request.client_id });
      await this.mails.toDevelopers(manager, app, {
        subject: `Message about ${app.client_name}`,
        sentence: 'The platform team wrote:',
        words: text,
      });
    });
    return this.find(id);
  }

  private async view(request: ProductionRequest): Promise<RequestWithHistory> {
    return { ...viewOfRequest(request), history: await historyOf(this.source, request.id) };
  }
}

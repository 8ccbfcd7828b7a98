import { randomUUID } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, Problem, recordAudit, rowsOf, Sealer } from '@payer/service';
import { DataSource, type EntityManager } from 'typeorm';
import { z } from 'zod';
import { App } from '../apps/app.entity.js';
import { checkAccess, type AppAccess } from '../apps/app-access.js';
import type { Config } from '../config.js';
import type { Actor } from '../sessions/actor.js';
import { chosenWebhookTypes, type WebhookType } from '../webhook-events/webhook-types.js';
import { newWebhookSecret } from './webhook-signature.js';
import { WebhookTarget } from './webhook-target.js';

/** The most endpoints of one app. */
const maxEndpoints = 5;
/** Hours for which messages are signed with the replaced secret, too. */
const previousSecretHours = 24;

/** Body of `POST /api/apps/:client_id/webhooks`. */
export const webhookBody = z.object({
  url: z
    .string('must be a text')
    .trim()
    .min(1, 'must not be empty')
    .max(2000, 'must have at most 2000 characters'),
  types: z
    .array(z.enum(chosenWebhookTypes, `must be one of ${chosenWebhookTypes.join(', ')}`))
    .min(1, 'choose at least one event')
    .default([...chosenWebhookTypes]),
});

export const webhookEndpointView = z.object({
  id: z.uuid(),
  client_id: z.string(),
  url: z.string(),
  types: z.array(z.string()),
  created_at: z.iso.datetime(),
});
export type WebhookEndpointView = z.infer<typeof webhookEndpointView>;

/** An endpoint with its secret, which only the developer of the app reads. */
export type EndpointWithSecret = WebhookEndpointView & { secret: string };

interface EndpointRow {
  id: string;
  client_id: string;
  url: string;
  types: WebhookType[];
  sealed_secret: string;
  created_at: Date;
}

/** The webhook endpoints of apps. The secrets are sealed under PORTAL_SEALING_KEY. */
@Injectable()
export class WebhookEndpointsService {
  private readonly sealer: Sealer;

  constructor(
    private readonly source: DataSource,
    private readonly target: WebhookTarget,
    @Inject(CONFIG) config: Config,
  ) {
    this.sealer = new Sealer(config.PORTAL_SEALING_KEY);
  }

  /** @throws Problem 404 */
  async list(actor: Actor, clientId: string): Promise<WebhookEndpointView[]> {
    await this.checkApp(this.source.manager, actor, clientId, 'see');
    return (await this.rows(clientId)).map(viewOf);
  }

  /** The endpoints with their secrets. @throws Problem 404, 403 for the platform team */
  async listWithSecrets(actor: Actor, clientId: string): Promise<EndpointWithSecret[]> {
    await this.checkApp(this.source.manager, actor, clientId, 'develop');
    return (await this.rows(clientId)).map((row) => ({
      ...viewOf(row),
      secret: this.sealer.open(row.sealed_secret, row.id),
    }));
  }

  /** @throws Problem 400 for a URL that no webhook may reach, 409 when the app has the maximum number */
  async add(
    actor: Actor,
    clientId: string,
    { url, types }: z.infer<typeof webhookBody>,
  ): Promise<EndpointWithSecret> {
    const refusal = this.target.refusalOf(url);
    if (refusal)
      throw new Problem(400, 'invalid_request', `url: ${refusal}`, [{ field: 'url', message: refusal }]);
    const id = randomUUID();
    const secret = newWebhookSecret();
    return this.source.transaction(async (manager) => {
      await this.checkApp(manager, actor, clientId, 'develop');
      const [count] = await rowsOf<{ all: number }>(
        manager,
        'SELECT count(*)::integer AS all FROM webhook_endpoint WHERE client_id = $1',
        [clientId],
      );
      if ((count?.all ?? 0) >= maxEndpoints)
        throw new Problem(
          409,
          'too_many_webhooks',
          `An app may have ${maxEndpoints} webhook endpoints. Remove one that you do not use.`,
        );
      const [row] = await rowsOf<EndpointRow>(
        manager,
        `INSERT INTO webhook_endpoint (id, client_id, url, types, sealed_secret) VALUES ($1, $2, $3, $4, $5)
         RETURNING *`,
        [id, clientId, url, [...new Set(types)], this.sealer.seal(secret, id)],
      );
      await record(manager, actor, clientId, 'webhook-added', {
        endpoint: id,
        host: new URL(url).host,
        types,
      });
      return { ...viewOf(row as EndpointRow), secret };
    });
  }

  /** Removes an endpoint with its log. @throws Problem 404 */
  async remove(actor: Actor, clientId: string, id: string): Promise<void> {
    await this.source.transaction(async (manager) => {
      await this.checkApp(manager, actor, clientId, 'develop');
      await checkEndpoint(manager, clientId, id);
      await manager.query('DELETE FROM webhook_endpoint WHERE id = $1', [id]);
      await record(manager, actor, clientId, 'webhook-removed', { endpoint: id });
    });
  }

  /** Makes a new secret. Messages of the next 24 hours bear a signature of each. @throws Problem 404 */
  async replaceSecret(actor: Actor, clientId: string, id: string): Promise<{ secret: string }> {
    const secret = newWebhookSecret();
    await this.source.transaction(async (manager) => {
      await this.checkApp(manager, actor, clientId, 'develop');
      await checkEndpoint(manager, clientId, id);
      await manager.query(
        `UPDATE webhook_endpoint SET previous_sealed_secret = sealed_secret, sealed_secret = $2,
           previous_until = now() + make_interval(hours => $3) WHERE id = $1`,
        [id, this.sealer.seal(secret, id), previousSecretHours],
      );
      await record(manager, actor, clientId, 'webhook-secret-replaced', { endpoint: id });
    });
    return { secret };
  }

  /** @throws Problem 404, 403 */
  async checkApp(manager: EntityManager, actor: Actor, clientId: string, access: AppAccess): Promise<void> {
    // The lock serializes concurrent additions, so that each one is counted.
    const lock = manager.queryRunner?.isTransactionActive
      ? { lock: { mode: 'pessimistic_write' as const } }
      : {};
    checkAccess(actor, await manager.findOne(App, { where: { client_id: clientId }, ...lock }), access);
  }

  private rows(clientId: string): Promise<EndpointRow[]> {
    return rowsOf<EndpointRow>(
      this.source,
      'SELECT * FROM webhook_endpoint WHERE client_id = $1 ORDER BY created_at, id',
      [clientId],
    );
  }
}

/** @throws Problem 404 when the app has no such endpoint */
export async function checkEndpoint(manager: EntityManager, clientId: string, id: string): Promise<void> {
  const known = z.uuid().safeParse(id).success
    ? await rowsOf(manager, 'SELECT 1 FROM webhook_endpoint WHERE id = $1 AND client_id = $2', [id, clientId])
    : [];
  if (known.length === 0)
    throw new Problem(404, 'webhook_not_found', 'The app has no such webhook endpoint.');
}

function viewOf({ id, client_id, url, types, created_at }: EndpointRow): WebhookEndpointView {
  return { id, client_id, url, types, created_at: created_at.toISOString() };
}

function record(
  manager: EntityManager,
  actor: Actor,
  clientId: string,
  action: 'webhook-added' | 'webhook-removed' | 'webhook-secret-replaced',
  detail: Record<string, unknown>,
): Promise<void> {
  return recordAudit(manager, 'registration', {
    actor_role: actor.role,
    actor: actor.email,
    action,
    client_id: clientId,
    detail,
  });
}

import { Inject, Injectable } from '@nestjs/common';
import { DataSource, Not, type EntityManager } from 'typeorm';
import { addToOutbox, whenRelayed } from '@payer/events';
import type { AppEventType, auditActions, CloudEvent } from '@payer/smart';
import { CONFIG, Problem, recordAudit, rowsOf } from '@payer/service';
import type { Config } from '../config.js';
import type { Actor } from '../sessions/actor.js';
import { queueWebhookOfChange } from '../webhook-events/queue-webhook.js';
import { App } from './app.entity.js';
import { organizationOf } from './app-organization.js';
import { checkAccess, type AppAccess } from './app-access.js';
import { AppSecret } from './app-secret.entity.js';
import { appStateOf } from './app-state.js';
import { keepPendingChange } from './pending-change.js';
import { reviewableValues } from './reviewed-values.js';

/** The description of a change for the event and the audit trail. Null when nothing changed. */
export interface ChangeRecord {
  event: AppEventType;
  action: (typeof auditActions.registration)[number];
  detail: Record<string, unknown>;
}

/**
 * Deleted apps are kept for the audit trail. An organization may have this many times the live limit in all.
 */
const deletedPerLive = 10;

/**
 * The only way to change an app. The change, the app's next version, the event with the whole state and the
 * audit entry are one transaction under a lock on the app, so versions are published in order. The answer
 * waits (bounded) until the relay has moved the event.
 */
@Injectable()
export class AppChanges {
  constructor(
    private readonly source: DataSource,
    @Inject(CONFIG) private readonly config: Pick<Config, 'APPS_PER_DEVELOPER_MAX'>,
  ) {}

  /**
   * Changes an app.
   * @param change modifies the locked app; its changes are stored
   * @throws Problem as {@link checkAccess} does, and every error of `change`; then nothing is stored
   */
  async change<Result>(
    actor: Actor,
    clientId: string,
    access: AppAccess,
    change: (app: App, manager: EntityManager) => Promise<{ record: ChangeRecord | null; result: Result }>,
  ): Promise<{ app: App; result: Result }> {
    const done = await this.source.transaction(async (manager) => {
      const app = await manager.findOne(App, {
        where: { client_id: clientId },
        lock: { mode: 'pessimistic_write' },
      });
      checkAccess(actor, app, access);
      const organization = await organizationOf(manager, clientId);
      // An app that was approved before the review was recorded: its values of today are the reviewed ones.
      if (app.approved_at && !app.reviewed) app.reviewed = reviewableValues(app, organization);
      const { record, result } = await change(app, manager);
      if (!record) return { app, result, event: undefined };
      app.version += 1;
      app.updated_at = new Date();
      await keepPendingChange(manager, app, organization);
      await manager.save(App, app);
      return { app, result, event: await this.record(manager, app, actor, record) };
    });
    if (done.event) await whenRelayed(this.source, [done.event]);
    return done;
  }

  /**
   * Publishes the new name of an organization with each of its apps, in the transaction that renames it. An
   * approved app keeps the reviewed name in production: the new one waits for the platform team.
   * @returns the events; the caller waits for them with {@link whenRelayed}
   */
  async renameOrganization(
    manager: EntityManager,
    organizationId: string,
    { from, to }: { from: string; to: string },
  ): Promise<CloudEvent[]> {
    const apps = await manager.find(App, {
      where: { organization_id: organizationId, status: Not('deleted' as const) },
      order: { client_id: 'ASC' },
      lock: { mode: 'pessimistic_write' },
    });
    const events: CloudEvent[] = [];
    for (const app of apps) {
      if (app.approved_at && !app.reviewed) app.reviewed = reviewableValues(app, from);
      app.version += 1;
      app.updated_at = new Date();
      await keepPendingChange(manager, app, to);
      await manager.save(App, app);
      events.push(await publish(manager, app, 'app-updated'));
    }
    return events;
  }

  /**
   * Adds a new app with version 1 and the hash of its first secret, if it has one. `also` runs in the
   * transaction before the first write.
   * @throws Problem 403 when the organization has the maximum number of apps
   */
  async register(
    actor: Actor,
    app: App,
    secretHash: string | undefined,
    detail: Record<string, unknown>,
    also?: (manager: EntityManager) => Promise<void>,
  ): Promise<void> {
    const event = await this.source.transaction(async (manager) => {
      await also?.(manager);
      await this.refuseTooMany(manager, app.organization_id);
      // TypeORM's type of a partial entity knows no JSON of any shape.
      await manager.insert(App, { ...app, jwks: app.jwks as never });
      if (secretHash !== undefined)
        await manager.insert(AppSecret, {
          client_id: app.client_id,
          sha256: secretHash,
          created_at: app.created_at,
          expires_at: null,
        });
      return this.record(manager, app, actor, { event: 'app-registered', action: 'app-registered', detail });
    });
    await whenRelayed(this.source, [event]);
  }

  /**
   * Counts under a lock on the organization, so that concurrent registrations are counted. Deleted apps
   * count, too.
   */
  private async refuseTooMany(manager: EntityManager, organizationId: string | null): Promise<void> {
    const most = this.config.APPS_PER_DEVELOPER_MAX;
    await manager.query('SELECT 1 FROM organization WHERE id = $1 FOR UPDATE', [organizationId]);
    const [apps] = await rowsOf<{ live: number; all: number }>(
      manager,
      `SELECT count(*) FILTER (WHERE status <> 'deleted')::integer AS live, count(*)::integer AS all
       FROM app WHERE organization_id = $1`,
      [organizationId],
    );
    if (!apps || (apps.live < most && apps.all < most * deletedPerLive)) return;
    const instead = apps.live < most ? 'Ask the platform team.' : 'Delete one that you do not use.';
    throw new Problem(403, 'too_many_apps', `One organization may have ${most} apps. ${instead}`);
  }

  /** Writes the audit entry, the webhook messages and the event of a change, in its transaction. */
  private async record(
    manager: EntityManager,
    app: App,
    actor: Actor,
    record: ChangeRecord,
  ): Promise<CloudEvent> {
    await recordAudit(manager, 'registration', {
      actor_role: actor.role,
      actor: actor.email,
      action: record.action,
      client_id: app.client_id,
      detail: record.detail,
    });
    await queueWebhookOfChange(manager, app, record.action, record.detail);
    return publish(manager, app, record.event);
  }
}

/** Writes the event with the whole state of an app. */
async function publish(manager: EntityManager, app: App, event: AppEventType): Promise<CloudEvent> {
  const secrets = app.status === 'deleted' ? [] : await liveSecrets(manager, app.client_id);
  const organization = await organizationOf(manager, app.client_id);
  return addToOutbox(manager, event, appStateOf(app, organization, secrets));
}

/** The secrets that are valid now, the newest first. */
export function liveSecrets(manager: EntityManager, clientId: string): Promise<AppSecret[]> {
  return manager
    .createQueryBuilder(AppSecret, 'secret')
    .where('secret.client_id = :clientId AND (secret.expires_at IS NULL OR secret.expires_at > now())', {
      clientId,
    })
    .orderBy('secret.id', 'DESC')
    .getMany();
}

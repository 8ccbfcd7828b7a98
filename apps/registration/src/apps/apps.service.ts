import { Inject, Injectable } from '@nestjs/common';
import { DataSource, In, Not } from 'typeorm';
import { CONFIG, Problem, randomToken, sha256 } from '@payer/service';
import { planRules, type Plan } from '@payer/smart';
import type { EntityManager } from 'typeorm';
import { refusePlanName } from '../plan-name/plan-name.js';
import type { Config } from '../config.js';
import type { Actor } from '../sessions/actor.js';
import { PortalAccess } from './portal-access.js';
import { ProductionRequest } from '../request-record/production-request.entity.js';
import { App } from './app.entity.js';
import { checkAccess, organizationFor, type AppAccess } from './app-access.js';
import { organizationNames } from './app-organization.js';
import { AppChanges, liveSecrets } from './app-changes.js';
import { ClientKeys } from './client-keys.js';
import type { AppMetadata, AppPatch } from '../client-metadata/app-metadata.js';
import { appView, type AppView } from './app-view.js';
import { pendingChanges } from './pending-change.js';

/** The most apps in one answer of a list. */
const listLimit = 500;

export interface NewApp {
  app: App;
  /** In clear. After this answer only the developer has it. Absent for an app with `private_key_jwt`. */
  client_secret: string | undefined;
}

interface NewAppOptions {
  plan?: Plan | null;
  organizationId?: string | undefined;
  also?: (manager: EntityManager) => Promise<void>;
  registrationToken?: string;
  softwareStatement?: string | undefined;
}

/** Creates, shows, edits and deletes apps. */
@Injectable()
export class AppsService {
  constructor(
    private readonly source: DataSource,
    private readonly changes: AppChanges,
    private readonly access: PortalAccess,
    private readonly keys: ClientKeys,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /**
   * @param plan subscribes the app at once (dynamic registration)
   * @param organizationId the app's organization; otherwise {@link organizationFor} chooses
   * @param also runs in the transaction
   * @param registrationToken with which a program may manage the app (RFC 7592)
   * @param softwareStatement the verified statement of the registration (RFC 7591 §2.3)
   * @throws Problem 403 for the platform team, which reviews apps and owns none, and for a person who may
   * create apps in no organization; 404 for a foreign organization
   */
  async create(
    actor: Actor,
    metadata: AppMetadata,
    { plan = null, organizationId, also, registrationToken, softwareStatement }: NewAppOptions = {},
  ): Promise<NewApp> {
    if (actor.role === 'platform')
      throw new Problem(
        403,
        'developer_only',
        'The platform team reviews apps; sign up as a developer to register one.',
      );
    refusePlanName(metadata.client_name, this.config.PLAN_NAME, 'client_name');
    this.refusePortalAddress(metadata.redirect_uris);
    this.keys.check(metadata);
    const usesSecret = metadata.token_endpoint_auth_method === 'client_secret_basic';
    const client_secret = usesSecret ? randomToken() : undefined;
    const now = new Date();
    const app: App = {
      ...metadata,
      client_id: randomToken(16),
      owner_id: actor.id,
      organization_id: organizationFor(actor, organizationId),
      version: 1,
      plan,
      status: 'active',
      approved_at: null,
      suspended_at: null,
      suspended_reason: null,
      tokens_valid_from: null,
      uploaded_logo_uri: null,
      portal_redirect_uri: null,
      portal_secret_sha256: null,
      registration_token_sha256: registrationToken === undefined ? null : sha256(registrationToken),
      software_statement: softwareStatement ?? null,
      reviewed: null,
      attested_at: null,
      levers: null,
      created_at: now,
      updated_at: now,
    };
    const detail = { client_name: app.client_name, redirect_uris: app.redirect_uris, plan };
    Object.assign(app, this.access.of(app.client_id));
    await this.changes.register(actor, app, client_secret && sha256(client_secret), detail, also);
    return { app, client_secret };
  }

  /** @throws Problem as {@link checkAccess} does */
  async view(actor: Actor, clientId: string, access: AppAccess = 'see'): Promise<AppView> {
    const app = await this.source.manager.findOneBy(App, { client_id: clientId });
    checkAccess(actor, app, access);
    const [view] = await this.viewsOf(actor, [app]);
    return view as AppView;
  }

  /**
   * The apps of a developer's organizations, or all apps for the platform team, the newest first. At most
   * 500.
   */
  async list(actor: Actor): Promise<AppView[]> {
    const organizations = (actor.memberships ?? []).map(({ organization_id }) => organization_id);
    const where =
      actor.role === 'platform'
        ? {}
        : { organization_id: In(organizations), status: Not('deleted' as const) };
    const apps = await this.source.manager.find(App, {
      where,
      order: { created_at: 'DESC' },
      take: listLimit,
    });
    return this.viewsOf(actor, apps);
  }

  /** @throws Problem 400 when the plan's flow would have no redirect URI, or keys are missing; 404 */
  async edit(
    actor: Actor,
    clientId: string,
    sent: AppPatch & { software_statement?: string },
  ): Promise<AppView> {
    const patch = this.keys.replaced(sent);
    refusePlanName(patch.client_name, this.config.PLAN_NAME, 'client_name');
    this.refusePortalAddress(patch.redirect_uris ?? []);
    await this.changes.change(actor, clientId, 'develop', async (app) => {
      if (app.plan && planRules[app.plan].needsRedirectUri && patch.redirect_uris?.length === 0) {
        const message = `must have at least one entry: the ${planRules[app.plan].title} returns members to the app by it`;
        throw new Problem(400, 'invalid_request', `redirect_uris: ${message}`, [
          { field: 'redirect_uris', message },
        ]);
      }
      const changed = changedMembers(app, patch);
      if (Object.keys(changed).length === 0) return { record: null, result: undefined };
      Object.assign(app, changed);
      this.keys.check(app);
      return {
        record: { event: 'app-updated', action: 'app-updated', detail: { changed } },
        result: undefined,
      };
    });
    return this.view(actor, clientId);
  }

  /** Deletes the app: its credentials and tokens become invalid everywhere, and its history is kept. */
  async delete(actor: Actor, clientId: string): Promise<void> {
    await this.changes.change(actor, clientId, 'develop', async (app, manager) => {
      app.status = 'deleted';
      app.tokens_valid_from = new Date();
      await manager.query('UPDATE app_secret SET expires_at = now() WHERE client_id = $1', [clientId]);
      await manager.query(
        `UPDATE production_request SET status = 'withdrawn', decided_at = now()
         WHERE client_id = $1 AND status IN ('draft', 'pending', 'changes_requested')`,
        [clientId],
      );
      return { record: { event: 'app-updated', action: 'app-deleted', detail: {} }, result: undefined };
    });
  }

  /**
   * Refuses the portal's own pages as redirect URIs, because the portal's callback must never work in
   * production.
   * @throws Problem 400
   */
  private refusePortalAddress(uris: readonly string[]): void {
    const { origin } = new URL(this.config.REGISTRATION_URL);
    const errors = uris.flatMap((uri, index) =>
      new URL(uri).origin === origin
        ? [{ field: `redirect_uris.${index}`, message: 'must not lead to this portal' }]
        : [],
    );
    if (errors.length > 0)
      throw new Problem(400, 'invalid_request', 'redirect_uris: must not lead to this portal', errors);
  }

  private async viewsOf(actor: Actor, apps: App[]): Promise<AppView[]> {
    const { manager } = this.source;
    const ids = apps.map((app) => app.client_id);
    const organizations = await organizationNames(manager, ids);
    const requests = await manager
      .createQueryBuilder(ProductionRequest, 'request')
      .distinctOn(['request.client_id'])
      .where('request.client_id = ANY(:ids)', { ids })
      // A draft is the developer's alone.
      .andWhere(actor.role === 'platform' ? "request.status <> 'draft'" : 'true')
      .orderBy('request.client_id')
      .addOrderBy('request.created_at', 'DESC')
      .getMany();
    const changes = await pendingChanges(manager, ids);
    const secrets = await Promise.all(
      apps.length === 1 ? apps.map((app) => liveSecrets(manager, app.client_id)) : [],
    );
    return apps.map((app, index) =>
      appView({
        app,
        organization: organizations.get(app.client_id) ?? '',
        request: requests.find((request) => request.client_id === app.client_id),
        change: changes.find((change) => change.client_id === app.client_id),
        secrets: secrets[index],
      }),
    );
  }
}

function changedMembers(app: App, patch: AppPatch): AppPatch {
  return Object.fromEntries(
    Object.entries(patch).filter(
      ([name, value]) => JSON.stringify(app[name as keyof AppPatch]) !== JSON.stringify(value),
    ),
  );
}

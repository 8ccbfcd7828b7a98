import { Injectable } from '@nestjs/common';
import { hashPassword, Problem, randomToken } from '@payer/service';
import type { Plan } from '@payer/smart';
import { DataSource } from 'typeorm';
import { App } from '../apps/app.entity.js';
import { AppsService } from '../apps/apps.service.js';
import type { Actor } from '../sessions/actor.js';

/** A fixed id, so that every replica uses the same account. Nobody can sign in to it. */
const account = {
  id: '00000000-0000-4000-8000-00000000de30',
  role: 'developer',
  name: 'Demonstration',
  organization: 'Developer portal',
  email: 'demonstration@portal.invalid',
  // The first organization of an account has the account's id.
  memberships: [{ organization_id: '00000000-0000-4000-8000-00000000de30', role: 'admin' }],
} as const satisfies Actor;

/** The demonstration apps, one per plan, for visitors without an account. They work in the sandbox only. */
@Injectable()
export class Demonstration {
  constructor(
    private readonly source: DataSource,
    private readonly apps: AppsService,
  ) {}

  get actor(): Actor {
    return account;
  }

  /**
   * The plan's demonstration app. The first visitor creates it. Two concurrent first visitors may create two
   * apps, and one of them is used.
   */
  async appOf(plan: Plan, redirectUri: string): Promise<App> {
    const found = await this.find(plan);
    if (found) return found;
    await this.source.query(
      `INSERT INTO account (id, role, name, organization, email, password_hash)
       VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING`,
      [
        account.id,
        account.role,
        account.name,
        account.organization,
        account.email,
        await hashPassword(randomToken()),
      ],
    );
    const { app } = await this.apps.create(
      account,
      {
        client_name: 'Demonstration app',
        redirect_uris: [redirectUri],
        post_logout_redirect_uris: [],
        client_uri: null,
        logo_uri: null,
        policy_uri: null,
        tos_uri: null,
        contacts: [],
        require_pkce: true,
        require_pushed_authorization_requests: false,
        dpop_bound_access_tokens: false,
        token_endpoint_auth_method: 'client_secret_basic',
        jwks: null,
        jwks_uri: null,
      },
      { plan },
    );
    return app;
  }

  private async find(plan: Plan): Promise<App | null> {
    const app = await this.source.manager.findOne(App, {
      where: { owner_id: account.id, plan },
      order: { created_at: 'ASC' },
    });
    if (app && app.status !== 'active')
      throw new Problem(409, 'app_suspended', 'The demonstration is closed at the moment.');
    return app;
  }
}

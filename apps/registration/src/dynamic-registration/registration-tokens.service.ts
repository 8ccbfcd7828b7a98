import { Injectable } from '@nestjs/common';
import { rowsOf, sha256 } from '@payer/service';
import { DataSource } from 'typeorm';
import { mayDevelop } from '../apps/app-access.js';
import { AppChanges } from '../apps/app-changes.js';
import { App } from '../apps/app.entity.js';
import { actorColumns } from '../sessions/actor-columns.js';
import type { Actor } from '../sessions/actor.js';

/** The form of a client id. A request may contain any text, also text that PostgreSQL refuses. */
const clientIdForm = /^[A-Za-z0-9]{1,100}$/;

/** An app with the developer in whose name its program acts. */
export interface ManagedApp {
  app: App;
  actor: Actor;
}

/** The registration access tokens (RFC 7592 §1.2): the program that registered an app manages it with one. */
@Injectable()
export class RegistrationTokens {
  constructor(
    private readonly source: DataSource,
    private readonly changes: AppChanges,
  ) {}

  /** Finds the app of a token. Undefined for a wrong token as for an unknown app (RFC 7592 §2.1). */
  async find(clientId: string, token: string): Promise<ManagedApp | undefined> {
    if (!clientIdForm.test(clientId)) return undefined;
    const app = await this.source.manager.findOneBy(App, {
      client_id: clientId,
      registration_token_sha256: sha256(token),
    });
    if (!app || app.status === 'deleted') return undefined;
    const [actor] = await rowsOf<Actor>(
      this.source,
      `SELECT ${actorColumns} FROM account WHERE id = $1 AND ended_at IS NULL`,
      [app.owner_id],
    );
    // A developer who has left the organization, or may only view its apps, manages none of them by program.
    return actor && mayDevelop(actor, app) ? { app, actor } : undefined;
  }

  /** Ends the token of an app. Without one, nothing changes. */
  async end(actor: Actor, clientId: string): Promise<void> {
    await this.changes.change(actor, clientId, 'develop', async (app) => {
      if (app.registration_token_sha256 === null) return { record: null, result: undefined };
      app.registration_token_sha256 = null;
      const detail = { changed: { registration_access_token: 'ended' } };
      return { record: { event: 'app-updated', action: 'app-updated', detail }, result: undefined };
    });
  }
}

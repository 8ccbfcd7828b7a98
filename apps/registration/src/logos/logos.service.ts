import { createHash } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, Problem, rowsOf } from '@payer/service';
import { uploadedLogoPath } from '@payer/smart';
import { DataSource } from 'typeorm';
import { checkAccess } from '../apps/app-access.js';
import { AppChanges } from '../apps/app-changes.js';
import { App } from '../apps/app.entity.js';
import type { Config } from '../config.js';
import type { Actor } from '../sessions/actor.js';
import { renderLogo } from './render-logo.js';

/** Uploaded logos of apps. The portal draws each file again and serves the drawing from its own origin. */
@Injectable()
export class LogosService {
  constructor(
    private readonly source: DataSource,
    private readonly changes: AppChanges,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /**
   * Replaces the logo. The event of the app carries the new address, which changes with the picture.
   * @param read gives the bytes of the file
   * @returns the address
   * @throws Problem 400 for a file that is no acceptable picture; 403, 404; TooManyRequests
   */
  async upload(actor: Actor, clientId: string, read: () => Promise<Buffer> | Buffer): Promise<string> {
    // A person without the right costs no drawing.
    checkAccess(actor, await this.source.manager.findOneBy(App, { client_id: clientId }), 'develop');
    const png = await renderLogo(actor.id, await read());
    const digest = createHash('sha256').update(png).digest('hex');
    const address = this.config.REGISTRATION_URL + uploadedLogoPath(clientId, digest);
    await this.changes.change(actor, clientId, 'develop', async (app, manager) => {
      if (app.uploaded_logo_uri === address) return unchanged;
      app.uploaded_logo_uri = address;
      await manager.query(
        `INSERT INTO app_logo (client_id, digest, png) VALUES ($1, $2, $3)
         ON CONFLICT (client_id) DO UPDATE SET digest = excluded.digest, png = excluded.png, uploaded_at = now()`,
        [clientId, digest, png],
      );
      return changed('uploaded');
    });
    return address;
  }

  /**
   * Removes the logo. Members then see the picture of `logo_uri`, or the app's initial.
   * @throws Problem 403, 404
   */
  async remove(actor: Actor, clientId: string): Promise<void> {
    await this.changes.change(actor, clientId, 'develop', async (app, manager) => {
      if (app.uploaded_logo_uri === null) return unchanged;
      app.uploaded_logo_uri = null;
      await manager.query('DELETE FROM app_logo WHERE client_id = $1', [clientId]);
      return changed('removed');
    });
  }

  /** The picture of an address. @throws Problem 404 */
  async find(clientId: string, digest: string): Promise<Buffer> {
    const [logo] = await rowsOf<{ png: Buffer }>(
      this.source,
      'SELECT png FROM app_logo WHERE client_id = $1 AND digest = $2',
      [clientId, digest],
    );
    if (!logo) throw new Problem(404, 'not_found', 'There is no such logo.');
    return logo.png;
  }
}

const unchanged = { record: null, result: undefined };
const changed = (logo: 'uploaded' | 'removed') => ({
  record: { event: 'app-updated' as const, action: 'app-updated' as const, detail: { changed: { logo } } },
  result: undefined,
});

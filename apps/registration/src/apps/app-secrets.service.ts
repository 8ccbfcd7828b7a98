import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, randomToken, sha256 } from '@payer/service';
import { z } from 'zod';
import type { Config } from '../config.js';
import type { Actor } from '../sessions/actor.js';
import { AppChanges } from './app-changes.js';
import { AppSecret } from './app-secret.entity.js';

export interface ReplacedSecret {
  client_id: string;
  /** In clear, only in this answer. */
  client_secret: string;
  /** Expiry of the replaced secret. Null when it became invalid at once. */
  old_secret_expires_at: string | null;
}

/** Replaces client secrets without an outage: the old secret stays valid for a grace period. */
@Injectable()
export class AppSecretsService {
  constructor(
    private readonly changes: AppChanges,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /** Body of `POST /api/apps/:client_id/secret`. It may shorten the grace period, down to zero. */
  get body() {
    const most = this.config.SECRET_GRACE_SECONDS;
    return z.object({
      grace_seconds: z.coerce
        .number('must be a number of seconds')
        .int('must be a whole number of seconds')
        .min(0, 'must not be negative')
        .max(most, `must be at most ${most} seconds`)
        .default(most),
    });
  }

  /** At most two secrets are valid at once: a secret that was already replaced becomes invalid now. */
  async replace(actor: Actor, clientId: string, graceSeconds: number): Promise<ReplacedSecret> {
    const client_secret = randomToken();
    const now = Date.now();
    const oldExpiry = graceSeconds > 0 ? new Date(now + graceSeconds * 1000) : null;
    await this.changes.change(actor, clientId, 'develop', async (_app, manager) => {
      await manager.query('DELETE FROM app_secret WHERE client_id = $1 AND expires_at IS NOT NULL', [
        clientId,
      ]);
      if (oldExpiry)
        await manager.query('UPDATE app_secret SET expires_at = $2 WHERE client_id = $1', [
          clientId,
          oldExpiry,
        ]);
      else await manager.query('DELETE FROM app_secret WHERE client_id = $1', [clientId]);
      await manager.insert(AppSecret, {
        client_id: clientId,
        sha256: sha256(client_secret),
        created_at: new Date(now),
        expires_at: null,
      });
      return {
        record: {
          event: 'app-updated',
          action: 'secret-replaced',
          detail: { old_secret_expires_at: oldExpiry },
        },
        result: undefined,
      };
    });
    return { client_id: clientId, client_secret, old_secret_expires_at: oldExpiry?.toISOString() ?? null };
  }

  /**
   * Invalidates a replaced secret before the end of its grace period. Without such a secret nothing changes.
   */
  async endPrevious(actor: Actor, clientId: string): Promise<void> {
    await this.changes.change(actor, clientId, 'develop', async (_app, manager) => {
      const ended = await manager.query(
        'DELETE FROM app_secret WHERE client_id = $1 AND expires_at > now() RETURNING id',
        [clientId],
      );
      // The driver answers DELETE … RETURNING with the rows and their number.
      const [rows] = ended as [unknown[], number];
      if (rows.length === 0) return { record: null, result: undefined };
      return { record: { event: 'app-updated', action: 'secret-ended', detail: {} }, result: undefined };
    });
  }
}

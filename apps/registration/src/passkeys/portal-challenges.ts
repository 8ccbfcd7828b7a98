import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, rowsOf, type Queryable } from '@payer/service';
import { PasskeyChallenges, usedChallengeMark } from '@payer/service/passkeys';
import type { Config } from '../config.js';

/** Challenges of the portal's passkeys. The subject of `add` is the account; `sign-in` has none. */
@Injectable()
export class PortalChallenges extends PasskeyChallenges {
  constructor(@Inject(CONFIG) config: Config) {
    super(config.PORTAL_SEALING_KEY, 'payer portal passkeys');
  }

  /**
   * Marks an issued challenge as used.
   * @returns false when the challenge was used before
   */
  async use(db: Queryable, challenge: string): Promise<boolean> {
    const { sha256, expiresAt } = usedChallengeMark(challenge);
    await db.query('DELETE FROM used_passkey_challenge WHERE expires_at < now()');
    const added = await rowsOf(
      db,
      `INSERT INTO used_passkey_challenge (challenge_sha256, expires_at) VALUES ($1, $2)
       ON CONFLICT DO NOTHING RETURNING 1`,
      [sha256, expiresAt],
    );
    return added.length > 0;
  }
}

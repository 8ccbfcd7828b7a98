import { createHash, createHmac, hkdfSync, randomBytes, timingSafeEqual } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, rowsOf, type Queryable } from '@payer/service';
import type { Config } from '../config.js';

/** Milliseconds within which the browser must answer a challenge. */
const lifetime = 5 * 60_000;

/** Length in bytes of the random part, of the expiry, and of the seal. */
const [randomLength, expiryLength, sealLength] = [16, 8, 32];
const headLength = randomLength + expiryLength;

/** The act that a challenge allows. `subject` is the account that adds a passkey. A sign-in names none. */
export type ChallengeUse = { act: 'add'; subject: string } | { act: 'sign-in' };

/**
 * Challenges of passkeys (WebAuthn §13.4.3). A challenge contains its expiry and a seal, so issuing one
 * stores nothing and a stranger cannot fill the database. Only a used challenge is stored, until it expires.
 */
@Injectable()
export class PasskeyChallenges {
  private readonly key: Buffer;

  constructor(@Inject(CONFIG) config: Config) {
    this.key = Buffer.from(hkdfSync('sha256', config.PORTAL_SEALING_KEY, '', 'payer portal passkeys', 32));
  }

  issue(use: ChallengeUse, now = Date.now()): Uint8Array<ArrayBuffer> {
    const expiry = Buffer.alloc(expiryLength);
    expiry.writeBigUInt64BE(BigInt(now + lifetime));
    const head = Buffer.concat([randomBytes(randomLength), expiry]);
    return new Uint8Array(Buffer.concat([head, this.seal(head, use)]));
  }

  /**
   * Whether this service has issued the challenge for this use and the challenge has not expired.
   * @param challenge in base64url, as the browser returns it
   */
  isIssued(challenge: string, use: ChallengeUse): boolean {
    const bytes = Buffer.from(challenge, 'base64url');
    if (bytes.length !== headLength + sealLength) return false;
    const head = bytes.subarray(0, headLength);
    return timingSafeEqual(bytes.subarray(headLength), this.seal(head, use)) && expiryOf(bytes) > Date.now();
  }

  /**
   * Marks an issued challenge as used.
   * @returns false when the challenge was used before
   */
  async use(db: Queryable, challenge: string): Promise<boolean> {
    const bytes = Buffer.from(challenge, 'base64url');
    await db.query('DELETE FROM used_passkey_challenge WHERE expires_at < now()');
    const added = await rowsOf(
      db,
      `INSERT INTO used_passkey_challenge (challenge_sha256, expires_at) VALUES ($1, $2)
       ON CONFLICT DO NOTHING RETURNING 1`,
      [createHash('sha256').update(bytes).digest('base64url'), new Date(expiryOf(bytes))],
    );
    return added.length > 0;
  }

  private seal(head: Buffer, use: ChallengeUse): Buffer {
    const subject = use.act === 'add' ? use.subject : '';
    return createHmac('sha256', this.key).update(`${use.act} ${subject} `).update(head).digest();
  }
}

const expiryOf = (challenge: Buffer): number => Number(challenge.readBigUInt64BE(randomLength));

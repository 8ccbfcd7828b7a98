import { createHash, createHmac, hkdfSync, randomBytes, timingSafeEqual } from 'node:crypto';

/** Milliseconds within which the browser must answer a challenge. */
const lifetime = 5 * 60_000;

/** Length in bytes of the random part, of the expiry, and of the seal. */
const [randomLength, expiryLength, sealLength] = [16, 8, 32];
const headLength = randomLength + expiryLength;

/** The act that a challenge allows, and the person or session that it belongs to, if it belongs to one. */
export interface ChallengeUse {
  act: string;
  subject?: string;
}

/**
 * Challenges of passkeys (WebAuthn §13.4.3). A challenge contains its expiry and a seal, so issuing one
 * stores nothing and a stranger cannot fill the database. A service stores the mark of a used challenge until
 * it expires.
 */
export class PasskeyChallenges {
  private readonly key: Buffer;

  /**
   * @param secret of the configuration, the same in every replica
   * @param purpose separates the keys that are derived from the secret
   */
  constructor(secret: string, purpose: string) {
    this.key = Buffer.from(hkdfSync('sha256', secret, '', purpose, 32));
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

  private seal(head: Buffer, { act, subject = '' }: ChallengeUse): Buffer {
    return createHmac('sha256', this.key).update(`${act} ${subject} `).update(head).digest();
  }
}

/** The mark of a used challenge, which a service stores until the challenge expires. */
export function usedChallengeMark(challenge: string): { sha256: string; expiresAt: Date } {
  const bytes = Buffer.from(challenge, 'base64url');
  const sha256 = createHash('sha256').update(bytes).digest('base64url');
  return { sha256, expiresAt: new Date(expiryOf(bytes)) };
}

const expiryOf = (challenge: Buffer): number => Number(challenge.readBigUInt64BE(randomLength));

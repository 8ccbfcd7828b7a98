import { createPublicKey, type KeyObject } from 'node:crypto';
import { z } from 'zod';

/** Consent's public key for encryption, and its id. */
export interface EncryptionKey {
  kid: string;
  key: KeyObject;
}

const jwks = z.object({ keys: z.array(z.looseObject({ kid: z.string(), use: z.string() })) });

/** Milliseconds. */
const freshFor = 60_000;
const patience = 3000;

/**
 * The key that encrypts consent requests, fetched from consent's JWKS on first use. While consent is
 * unavailable, the last fetched key stays in use.
 */
export class ConsentEncryptionKey {
  private fetched: { key: EncryptionKey; at: number } | undefined;

  /** @param elapsed milliseconds on a monotonic clock */
  constructor(
    private readonly consentJwksUrl: string,
    private readonly elapsed: () => number = () => performance.now(),
  ) {}

  /** @throws Error when no key has ever been fetched from consent */
  async current(): Promise<EncryptionKey> {
    if (this.fetched && this.elapsed() - this.fetched.at < freshFor) return this.fetched.key;
    try {
      this.fetched = { key: await this.fetchKey(), at: this.elapsed() };
    } catch (error) {
      if (!this.fetched) throw error;
    }
    return this.fetched.key;
  }

  private async fetchKey(): Promise<EncryptionKey> {
    const response = await fetch(this.consentJwksUrl, { signal: AbortSignal.timeout(patience) });
    if (!response.ok) throw new Error(`consent answers ${response.status} for its keys`);
    const found = jwks.parse(await response.json()).keys.find(({ use }) => use === 'enc');
    if (!found) throw new Error('consent publishes no key for encryption');
    return { kid: found.kid, key: createPublicKey({ key: found as never, format: 'jwk' }) };
  }
}

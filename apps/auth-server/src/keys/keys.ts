import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import type { OnModuleDestroy } from '@nestjs/common';
import {
  keyPurpose,
  KeyRing,
  Sealer,
  signingAlgorithms,
  type SigningAlgorithm,
  type SigningKey,
} from '@payer/service';
import { environments, type Environment } from '@payer/smart';
import type { DataSource } from 'typeorm';

/** The purposes of the stored keys: each environment has keys of each algorithm. */
export const keyPurposes = environments.flatMap((environment) =>
  signingAlgorithms.map((algorithm) => keyPurpose(environment, algorithm)),
);

/**
 * The signing keys of both environments. All are published, so that ACCESS_TOKEN_ALGORITHM may change at any
 * time (decision 90). A rotation takes effect while the service runs.
 */
export class Keys implements OnModuleDestroy {
  private readonly verification = new Map<string, KeyObject>();
  /** The newest key by {@link keyPurpose}. */
  private readonly newest = new Map<string, { kid: string; key: KeyObject }>();

  private constructor(private readonly ring: KeyRing) {
    this.openKeys();
    ring.onChange(() => this.openKeys());
  }

  static async open(source: DataSource, keyEncryptionKey: string, keysMaxAge: number): Promise<Keys> {
    return new Keys(await KeyRing.open(source, new Sealer(keyEncryptionKey), keyPurposes, keysMaxAge));
  }

  onModuleDestroy(): void {
    this.ring.close();
  }

  /** Calls back after a rotation. */
  onChange(listener: () => void): void {
    this.ring.onChange(listener);
  }

  /** The keys of each algorithm in turn, and of each algorithm the newest first. */
  of(environment: Environment): SigningKey[] {
    return signingAlgorithms.flatMap((algorithm) => this.ofAlgorithm(environment, algorithm));
  }

  /** The key that signs tokens and messages to consent now. */
  signing(environment: Environment, algorithm: SigningAlgorithm = 'RS256'): { kid: string; key: KeyObject } {
    const newest = this.newest.get(keyPurpose(environment, algorithm));
    if (!newest) throw new Error(`no signing key for ${environment}`);
    return newest;
  }

  verifying(environment: Environment, kid: string | undefined): KeyObject | undefined {
    return this.verification.get(`${environment} ${kid}`);
  }

  private ofAlgorithm(environment: Environment, algorithm: SigningAlgorithm): SigningKey[] {
    return this.ring.of(keyPurpose(environment, algorithm));
  }

  private openKeys(): void {
    for (const environment of environments)
      for (const algorithm of signingAlgorithms) {
        const [newest] = this.ofAlgorithm(environment, algorithm);
        if (!newest) continue;
        const key = createPrivateKey({ key: newest.privateJwk as never, format: 'jwk' });
        this.newest.set(keyPurpose(environment, algorithm), { kid: newest.kid, key });
      }
    this.verification.clear();
    for (const environment of environments)
      for (const key of this.of(environment))
        this.verification.set(
          `${environment} ${key.kid}`,
          createPublicKey({ key: key.publicJwk as never, format: 'jwk' }),
        );
  }
}

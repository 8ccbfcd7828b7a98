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

  private constructor(private readonly ring: KeyRing) {
    this.openVerification();
    ring.onChange(() => this.openVerification());
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

  /** The key that signs messages to consent now. */
  signing(environment: Environment): { kid: string; key: KeyObject } {
    const [newest] = this.ofAlgorithm(environment, 'RS256');
    if (!newest) throw new Error(`no signing key for ${environment}`);
    return { kid: newest.kid, key: createPrivateKey({ key: newest.privateJwk as never, format: 'jwk' }) };
  }

  verifying(environment: Environment, kid: string | undefined): KeyObject | undefined {
    return this.verification.get(`${environment} ${kid}`);
  }

  private ofAlgorithm(environment: Environment, algorithm: SigningAlgorithm): SigningKey[] {
    return this.ring.of(keyPurpose(environment, algorithm));
  }

  private openVerification(): void {
    this.verification.clear();
    for (const environment of environments)
      for (const key of this.of(environment))
        this.verification.set(
          `${environment} ${key.kid}`,
          createPublicKey({ key: key.publicJwk as never, format: 'jwk' }),
        );
  }
}

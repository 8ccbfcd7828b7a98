import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import type { OnModuleDestroy } from '@nestjs/common';
import { KeyRing, Sealer, type SigningKey } from '@payer/service';
import { environments, type Environment } from '@payer/smart';
import type { DataSource } from 'typeorm';

/** The signing keys of both environments. A rotation takes effect while the service runs. */
export class Keys implements OnModuleDestroy {
  private readonly verification = new Map<string, KeyObject>();

  private constructor(private readonly ring: KeyRing) {
    this.openVerification();
    ring.onChange(() => this.openVerification());
  }

  static async open(source: DataSource, keyEncryptionKey: string, keysMaxAge: number): Promise<Keys> {
    return new Keys(await KeyRing.open(source, new Sealer(keyEncryptionKey), environments, keysMaxAge));
  }

  onModuleDestroy(): void {
    this.ring.close();
  }

  /** Calls back after a rotation. */
  onChange(listener: () => void): void {
    this.ring.onChange(listener);
  }

  of(environment: Environment): SigningKey[] {
    return this.ring.of(environment);
  }

  /** The key that signs now. */
  signing(environment: Environment): { kid: string; key: KeyObject } {
    const [newest] = this.ring.of(environment);
    if (!newest) throw new Error(`no signing key for ${environment}`);
    return { kid: newest.kid, key: createPrivateKey({ key: newest.privateJwk as never, format: 'jwk' }) };
  }

  verifying(environment: Environment, kid: string | undefined): KeyObject | undefined {
    return this.verification.get(`${environment} ${kid}`);
  }

  private openVerification(): void {
    this.verification.clear();
    for (const environment of environments)
      for (const key of this.ring.of(environment))
        this.verification.set(
          `${environment} ${key.kid}`,
          createPublicKey({ key: key.publicJwk as never, format: 'jwk' }),
        );
  }
}

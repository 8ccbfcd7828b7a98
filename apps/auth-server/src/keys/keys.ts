import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import type { DataSource } from 'typeorm';
import { environments, type Environment } from '@payer/smart';
import { Sealer, signingKeys, type SigningKey } from '@payer/service';

/** The signing keys of both environments, opened once at start. */
export class Keys {
  private readonly verification = new Map<string, KeyObject>();

  private constructor(private readonly keys: Record<Environment, SigningKey[]>) {
    for (const environment of environments)
      for (const key of keys[environment])
        this.verification.set(
          `${environment} ${key.kid}`,
          createPublicKey({ key: key.publicJwk as never, format: 'jwk' }),
        );
  }

  static async open(source: DataSource, keyEncryptionKey: string): Promise<Keys> {
    const sealer = new Sealer(keyEncryptionKey);
    const [sandbox, production] = await Promise.all(
      environments.map((environment) => signingKeys(source, sealer, environment)),
    );
    return new Keys({ sandbox: sandbox ?? [], production: production ?? [] });
  }

  of(environment: Environment): SigningKey[] {
    return this.keys[environment];
  }

  /** The key that signs now. */
  signing(environment: Environment): { kid: string; key: KeyObject } {
    const [newest] = this.keys[environment];
    if (!newest) throw new Error(`no signing key for ${environment}`);
    return { kid: newest.kid, key: createPrivateKey({ key: newest.privateJwk as never, format: 'jwk' }) };
  }

  verifying(environment: Environment, kid: string | undefined): KeyObject | undefined {
    return this.verification.get(`${environment} ${kid}`);
  }
}

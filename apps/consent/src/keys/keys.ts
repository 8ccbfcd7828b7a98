import { createPrivateKey, type KeyObject } from 'node:crypto';
import { Sealer, signingKeys, type SigningKey } from '@payer/service';
import type { JWK } from 'jose';
import type { DataSource } from 'typeorm';

/** Consent's own signing keys: for decisions, and for its sign-in at auth-server. */
export class Keys {
  private constructor(private readonly keys: SigningKey[]) {}

  static async open(source: DataSource, keyEncryptionKey: string): Promise<Keys> {
    return new Keys(await signingKeys(source, new Sealer(keyEncryptionKey), 'consent'));
  }

  signing(): { kid: string; key: KeyObject; jwk: JWK } {
    const [newest] = this.keys;
    if (!newest) throw new Error('consent has no signing key');
    return {
      kid: newest.kid,
      key: createPrivateKey({ key: newest.privateJwk as never, format: 'jwk' }),
      jwk: newest.privateJwk,
    };
  }

  published(): { keys: JWK[] } {
    return { keys: this.keys.map((key) => key.publicJwk) };
  }
}

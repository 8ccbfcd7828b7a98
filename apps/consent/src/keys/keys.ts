import { createPrivateKey, type KeyObject } from 'node:crypto';
import type { OnModuleDestroy } from '@nestjs/common';
import { KeyRing, Sealer } from '@payer/service';
import type { JWK } from 'jose';
import type { DataSource } from 'typeorm';

const purpose = 'consent';

/**
 * Consent's signing keys for decisions and for its sign-in at auth-server. A rotation takes effect at run
 * time.
 */
export class Keys implements OnModuleDestroy {
  private constructor(private readonly ring: KeyRing) {}

  static async open(source: DataSource, keyEncryptionKey: string, keysMaxAge: number): Promise<Keys> {
    return new Keys(await KeyRing.open(source, new Sealer(keyEncryptionKey), [purpose], keysMaxAge));
  }

  onModuleDestroy(): void {
    this.ring.close();
  }

  /** The key that signs now. */
  signing(): { kid: string; key: KeyObject; jwk: JWK } {
    const [newest] = this.ring.of(purpose);
    if (!newest) throw new Error('consent has no signing key');
    return {
      kid: newest.kid,
      key: createPrivateKey({ key: newest.privateJwk as never, format: 'jwk' }),
      jwk: newest.privateJwk,
    };
  }

  published(): { keys: JWK[] } {
    return { keys: this.ring.of(purpose).map((key) => key.publicJwk) };
  }
}

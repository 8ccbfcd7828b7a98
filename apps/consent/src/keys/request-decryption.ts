import { createPrivateKey, createPublicKey, hkdfSync, type KeyObject } from 'node:crypto';
import { consentRequestEncryption } from '@payer/smart';
import { calculateJwkThumbprint, compactDecrypt, type JWK } from 'jose';

/** DER of a PKCS #8 X25519 private key, up to its 32 bytes (RFC 8410 §7). */
const pkcs8Prefix = Buffer.from('302e020100300506032b656e04220420', 'hex');

/**
 * The key pair to which auth-server encrypts consent requests. It is derived from KEY_ENCRYPTION_KEY, so that
 * all replicas have the same pair and no pair is stored. Requests expire after minutes, so a new pair needs
 * no overlap.
 */
export class RequestDecryption {
  private readonly key: KeyObject;

  constructor(keyEncryptionKey: string) {
    const seed = hkdfSync('sha256', keyEncryptionKey, '', 'payer consent request encryption', 32);
    const der = Buffer.concat([pkcs8Prefix, Buffer.from(seed)]);
    this.key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  }

  async publicJwk(): Promise<JWK> {
    const jwk = createPublicKey(this.key).export({ format: 'jwk' }) as JWK;
    return {
      ...jwk,
      kid: await calculateJwkThumbprint(jwk),
      alg: consentRequestEncryption.alg,
      use: 'enc',
    };
  }

  /** @returns the signed JWT inside @throws Error when it was encrypted to another key, or was altered */
  async decrypt(jwe: string): Promise<string> {
    const { plaintext } = await compactDecrypt(jwe, this.key, {
      keyManagementAlgorithms: [consentRequestEncryption.alg],
      contentEncryptionAlgorithms: [consentRequestEncryption.enc],
    });
    return Buffer.from(plaintext).toString('utf8');
  }
}

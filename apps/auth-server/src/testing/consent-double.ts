import { randomUUID } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { compactDecrypt, decodeJwt, exportJWK, generateKeyPair, SignJWT, type CryptoKey } from 'jose';

/** A double of consent: publishes its keys, reads consent requests and signs decisions. */
export class ConsentDouble {
  private server: Server | undefined;
  private signingKey: CryptoKey;
  private decryptionKey: CryptoKey;

  async start(): Promise<void> {
    const signing = await generateKeyPair('RS256', { extractable: true });
    const encryption = await generateKeyPair('ECDH-ES', { crv: 'X25519' });
    this.signingKey = signing.privateKey;
    this.decryptionKey = encryption.privateKey;
    const keys = [
      { ...(await exportJWK(signing.publicKey)), kid: 'consent', alg: 'RS256', use: 'sig' },
      { ...(await exportJWK(encryption.publicKey)), kid: 'consent-enc', use: 'enc' },
    ];
    this.server = createServer((_request, response) => {
      response.setHeader('content-type', 'application/json').end(JSON.stringify({ keys }));
    });
    await new Promise<void>((resolve) => this.server?.listen(0, resolve));
  }

  stop(): void {
    this.server?.close();
  }

  get jwksUrl(): string {
    return `http://localhost:${(this.server?.address() as AddressInfo).port}/jwks`;
  }

  /** The consent request in a URL at consent. */
  async requestOf(address: string): Promise<Record<string, string>> {
    const jwe = new URL(address).searchParams.get('request') ?? '';
    const { plaintext } = await compactDecrypt(jwe, this.decryptionKey);
    return decodeJwt(Buffer.from(plaintext).toString());
  }

  /** A message from consent to an issuer. @param typ of its header */
  sign(claims: Record<string, unknown>, typ: string, environment = 'sandbox'): Promise<string> {
    return new SignJWT(claims)
      .setProtectedHeader({ alg: 'RS256', kid: 'consent', typ })
      .setIssuer(`http://localhost:4002/${environment}/`)
      .setAudience(`http://localhost:4000/${environment}`)
      .setJti(randomUUID())
      .setIssuedAt()
      .setExpirationTime('2m')
      .sign(this.signingKey);
  }
}

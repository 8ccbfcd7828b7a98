import { randomUUID } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWK, type JWTPayload } from 'jose';

/** The key pair of an app, and its public key as the app publishes it. */
export interface AppKey {
  kid: string;
  alg: string;
  privateKey: CryptoKey;
  publicJwk: JWK;
}

export async function newAppKey(alg: string, kid: string = randomUUID()): Promise<AppKey> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  return { kid, alg, privateKey, publicJwk: { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' } };
}

export interface AssertionWish {
  claims?: JWTPayload;
  header?: Record<string, unknown>;
  /** Seconds from now until `exp`. */
  lifetime?: number;
}

/** A client assertion that is right but for the wished differences. */
export function signAssertion(
  { kid, alg, privateKey }: AppKey,
  clientId: string,
  { claims, header, lifetime = 60 }: AssertionWish = {},
): Promise<string> {
  const now = Math.floor(Date.now() / 1000);
  return new SignJWT({
    iss: clientId,
    sub: clientId,
    aud: 'http://localhost:4000/sandbox/token',
    jti: randomUUID(),
    exp: now + lifetime,
    ...claims,
  })
    .setProtectedHeader({ alg, kid, ...header })
    .sign(privateKey);
}

/** The form parameters of a signed request. */
export const assertionForm = (assertion: string) => ({
  client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
  client_assertion: assertion,
});

/** The server on which an app publishes its key set. */
export class KeySetServer {
  keys: JWK[] = [];
  status = 200;
  cacheControl: string | undefined;
  fetches = 0;
  private server: Server;

  async start(): Promise<void> {
    this.server = createServer((_request, response) => {
      this.fetches += 1;
      response.statusCode = this.status;
      if (this.cacheControl) response.setHeader('cache-control', this.cacheControl);
      response.end(JSON.stringify({ keys: this.keys }));
    });
    await new Promise<void>((listening) => this.server.listen(0, '127.0.0.1', listening));
  }

  stop(): void {
    this.server?.closeAllConnections();
    this.server?.close();
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as { port: number }).port}/jwks.json`;
  }
}

import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWK } from 'jose';
import { ServiceIdentity, type SigningAlgorithm } from '@payer/service';
import { byEnvironment, environments, planRules, type Environment, type ServiceName } from '@payer/smart';
import { sendSigned } from '@payer/testing';

interface SigningKey {
  kid: string;
  alg: SigningAlgorithm;
  privateKey: CryptoKey;
  publicJwk: JWK;
}

/** The differences from a valid patient-access token of the sandbox. */
export interface TokenWish {
  environment?: Environment;
  claims?: Record<string, unknown>;
  header?: Record<string, unknown>;
  /** Seconds from now. */
  expiresIn?: number;
  issuedAgo?: number;
}

/**
 * A double of `auth-server`: two issuers with their own keys, whose JWKS are at `<url>/<environment>/jwks`.
 */
export class IssuerDouble {
  url = '';
  private port = 0;
  private server: Server | undefined;
  private readonly keys: Record<Environment, SigningKey[]> = byEnvironment(() => []);
  private tokens = 0;
  private keysMade = 0;
  /** Number of key fetches. */
  fetches = 0;
  /** The service that signs the published answers. */
  signer: ServiceName = 'auth-server';

  constructor(private readonly baseUrls: Record<Environment, string>) {}

  async start(): Promise<void> {
    for (const environment of environments)
      if (this.keys[environment].length === 0) await this.rotateKey(environment);
    this.server = createServer((request, response) => {
      this.fetches += 1;
      const environment = environments.find((name) => request.url === `/${name}/jwks`);
      const keys = environment && this.keys[environment].map((key) => key.publicJwk);
      response.statusCode = keys ? 200 : 404;
      const sign = ServiceIdentity.of(this.signer, { NODE_ENV: 'test' });
      void sendSigned(request, response, { keys }, (claims) => sign.signAnswer(claims));
    });
    await new Promise<void>((resolve) => this.server?.listen(this.port, '127.0.0.1', resolve));
    this.port = (this.server.address() as AddressInfo).port;
    this.url = `http://localhost:${this.port}`;
  }

  async stop(): Promise<void> {
    this.server?.closeAllConnections();
    await new Promise((resolve) => this.server?.close(resolve));
  }

  /** Signs with a new key from now on. The old keys stay published. */
  async rotateKey(environment: Environment, alg: SigningAlgorithm = 'RS256'): Promise<void> {
    const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
    const kid = `${environment}-${(this.keysMade += 1)}`;
    this.keys[environment].unshift({
      kid,
      alg,
      privateKey,
      publicJwk: { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' },
    });
  }

  /** Publishes only the newest key from now on. */
  withdrawOldKeys(environment: Environment): void {
    this.keys[environment].splice(1);
  }

  /** A patient-access token with the given differences. */
  patientToken(patient: string, wish: TokenWish = {}): Promise<string> {
    const environment = wish.environment ?? 'sandbox';
    return this.sign({
      ...wish,
      claims: {
        sub: `member-of-${patient}`,
        client_id: 'patientapp',
        scope: planRules['patient-access'].scopes.join(' '),
        patient,
        fhirUser: `${this.baseUrls[environment]}/Patient/${patient}`,
        grant_id: `grant-of-${patient}`,
        ...wish.claims,
      },
    });
  }

  directoryToken(wish: TokenWish = {}): Promise<string> {
    return this.sign({
      ...wish,
      claims: {
        sub: 'directoryapp',
        client_id: 'directoryapp',
        scope: planRules['provider-directory'].scopes.join(' '),
        ...wish.claims,
      },
    });
  }

  private async sign({
    environment = 'sandbox',
    claims,
    header,
    expiresIn,
    issuedAgo,
  }: TokenWish): Promise<string> {
    const { kid, alg, privateKey } = this.keys[environment][0]!;
    const now = Math.floor(Date.now() / 1000);
    return new SignJWT({
      iss: `${this.url}/${environment}`,
      aud: this.baseUrls[environment],
      jti: `token-${(this.tokens += 1)}`,
      iat: now - (issuedAgo ?? 0),
      exp: now + (expiresIn ?? 3599),
      ...claims,
    })
      .setProtectedHeader({ alg, typ: 'at+jwt', kid, ...header })
      .sign(privateKey);
  }
}

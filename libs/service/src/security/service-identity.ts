import { jwtVerify, SignJWT, type JWTHeaderParameters, type JWTPayload } from 'jose';
import { serviceKeys, type ServiceKeyConfig, type ServicePublicKeys, type SigningKey } from '@payer/events';
import { serviceTokenLifetime, serviceTokenType, type ServiceName } from '@payer/smart';
import { Problem } from '../http/problem.js';
import { answerType, callService, type AnswerClaims } from './signed-answers.js';

/** Seconds before its expiry at which a token is replaced, to leave time for its delivery. */
const renewal = 15;
/**
 * Accepted difference between the clocks of two machines, in seconds. A token refused because of a clock
 * would stop all data access.
 */
const clockTolerance = 120;
const algorithm = 'EdDSA';

interface CachedToken {
  text: string;
  /** Seconds since the epoch. */
  issuedAt: number;
}

/**
 * The identity of this service towards the other services, and their identities. A caller sends a JWT, signed
 * with its service key, for the single service that it calls.
 */
export class ServiceIdentity {
  private readonly tokens = new Map<ServiceName, CachedToken>();

  constructor(
    private readonly own: SigningKey,
    private readonly publicKeys: ServicePublicKeys,
    /** Milliseconds since the epoch. */
    private readonly now: () => number = Date.now,
  ) {}

  /** @throws Error with the name of the wrong variable */
  static of(service: ServiceName, config: ServiceKeyConfig & { NODE_ENV: string }): ServiceIdentity {
    const { own, all } = serviceKeys(service, config, config.NODE_ENV === 'production');
    return new ServiceIdentity(own, all);
  }

  /** The `Authorization` header for a call to another service. */
  async authorizationFor(callee: ServiceName): Promise<string> {
    const now = Math.floor(this.now() / 1000);
    const cached = this.tokens.get(callee);
    // After the clock was set back, the token's `iat` would be in the future, and the callee would refuse the
    // token.
    if (cached && cached.issuedAt <= now && now < cached.issuedAt + serviceTokenLifetime - renewal)
      return `Bearer ${cached.text}`;
    const text = await new SignJWT()
      .setProtectedHeader({ alg: algorithm, typ: serviceTokenType, kid: this.own.kid })
      .setIssuer(this.own.service)
      .setAudience(callee)
      .setIssuedAt(now)
      .setExpirationTime(now + serviceTokenLifetime)
      .sign(this.own.privateKey);
    this.tokens.set(callee, { text, issuedAt: now });
    return `Bearer ${text}`;
  }

  /**
   * Admits only the services that may use a route.
   * @param authorization the request's header
   * @param callers allowed on the route, from `internalRoutes`
   * @returns the calling service
   * @throws Problem 401 for a caller that cannot prove to be a service, 403 for a service without the right
   */
  async refuseStrangers(
    authorization: string | undefined,
    callers: readonly ServiceName[],
  ): Promise<ServiceName> {
    const caller = await this.callerOf(authorization).catch(() => undefined);
    if (!caller)
      throw new Problem(
        401,
        'unauthorized',
        `Send a JWT of typ ${serviceTokenType} that a service signed for ${this.own.service} (SERVICE_SIGNING_KEY), not older than ${serviceTokenLifetime} s.`,
      );
    if (!callers.includes(caller))
      throw new Problem(403, 'forbidden', `${caller} may not use this route; ${callers.join(', ')} may.`);
    return caller;
  }

  /** Calls another service; see {@link callService}. */
  call(callee: ServiceName, url: string, init?: RequestInit & { body?: string }): Promise<Response> {
    return callService(this, callee, url, init);
  }

  /**
   * Signs an answer of this service. The signature needs no expiry, because the caller's nonce is valid for
   * one answer.
   */
  signAnswer(claims: AnswerClaims): Promise<string> {
    return new SignJWT({ ...claims })
      .setProtectedHeader({ alg: algorithm, typ: answerType, kid: this.own.kid })
      .setIssuer(this.own.service)
      .sign(this.own.privateKey);
  }

  /**
   * The claims that a service has signed about its answer.
   * @throws Error when another party signed them
   */
  async answerOf(callee: ServiceName, signature: string): Promise<Partial<AnswerClaims>> {
    let signer: ServiceName | undefined;
    const { payload } = await jwtVerify(
      signature,
      ({ kid }: JWTHeaderParameters) => {
        const key = this.publicKeys.get(kid ?? '');
        if (!key) throw new Error('an unknown key');
        signer = key.service;
        return key.publicKey;
      },
      { algorithms: [algorithm], typ: answerType, issuer: callee },
    );
    if (signer !== callee) throw new Error(`the answer of ${callee} was signed by ${signer}`);
    return payload as Partial<AnswerClaims>;
  }

  private async callerOf(authorization: string | undefined): Promise<ServiceName> {
    const [, token] = /^Bearer ([\w-]+\.[\w-]+\.[\w-]+)$/i.exec(authorization ?? '') ?? [];
    if (token === undefined) throw new Error('no bearer token');
    let signer: ServiceName | undefined;
    const { payload } = await jwtVerify(
      token,
      ({ kid }: JWTHeaderParameters) => {
        const key = this.publicKeys.get(kid ?? '');
        if (!key) throw new Error('an unknown key');
        signer = key.service;
        return key.publicKey;
      },
      {
        algorithms: [algorithm],
        typ: serviceTokenType,
        audience: this.own.service,
        requiredClaims: ['iss', 'aud', 'iat', 'exp'],
        maxTokenAge: serviceTokenLifetime,
        clockTolerance,
        currentDate: new Date(this.now()),
      },
    );
    return issuerOf(payload, signer);
  }
}

/**
 * The key identifies the signer, and the claim must agree. A token for several audiences could be reused at
 * another audience.
 */
function issuerOf({ iss, aud }: JWTPayload, signer: ServiceName | undefined): ServiceName {
  if (signer === undefined || iss !== signer) throw new Error('another issuer than the owner of the key');
  if (typeof aud !== 'string') throw new Error('several audiences');
  return signer;
}

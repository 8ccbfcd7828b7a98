import { decodeProtectedHeader, decodeJwt } from 'jose';
import passport from 'passport';
import { Strategy } from 'passport-jwt';
import { signingAlgorithms } from '@payer/service';
import {
  accessTokenClaims,
  environments,
  type AccessTokenClaims,
  type Addresses,
  type Environment,
} from '@payer/smart';
import type { IssuerKeys } from './issuer-keys.js';
import { invalidToken, Refusal, tokenMissing } from './refusal.js';
import type { TokenScheme } from './sender-constraint.js';

/** RFC 9068 §2.1. The prefix `application/` may be omitted (RFC 7515 §4.1.9). */
const tokenTypes = ['at+jwt', 'application/at+jwt'];

/** The name under which Passport knows the strategy. */
const strategyName = 'access-token';

interface Request {
  token: string;
}

/**
 * Extracts the token of the `Authorization` header (RFC 6750 §2.1, RFC 9449 §7.1).
 * @throws Refusal 401 that says what is missing
 */
export function sentToken(
  authorization: string | undefined,
  fhirBaseUrl: string,
): { scheme: TokenScheme; token: string } {
  if (authorization === undefined || authorization === '')
    throw tokenMissing(
      fhirBaseUrl,
      `This request needs an access token: send "Authorization: Bearer <access_token>". ${fhirBaseUrl}/.well-known/smart-configuration names the token endpoint.`,
    );
  const [, name = '', token = ''] = /^(bearer|dpop) (.*)$/i.exec(authorization) ?? [];
  if (name === '')
    throw tokenMissing(
      fhirBaseUrl,
      'The Authorization header must be "Bearer <access_token>", or "DPoP <access_token>" for a bound token; other schemes are not accepted here (client_id and client_secret belong to the token endpoint).',
    );
  return { scheme: /^dpop$/i.test(name) ? 'DPoP' : 'Bearer', token: token.trim() };
}

/**
 * Verifies access tokens of one environment: signature, `alg`, `typ`, `iss`, `aud`, `exp` and the claims
 * (RFC 9068 §4).
 */
export class BearerVerifier {
  private readonly passport = new passport.Authenticator();

  constructor(
    private readonly addresses: Addresses,
    private readonly environment: Environment,
    keys: IssuerKeys,
  ) {
    const { issuer, fhirBaseUrl } = addresses[environment];
    const strategy = new Strategy(
      {
        jwtFromRequest: (request: unknown) => (request as Request).token,
        // A KeyObject, because parsing a PEM per token takes three times as long as the verification.
        secretOrKeyProvider: (
          _request: unknown,
          token: string,
          done: (error: unknown, key?: never) => void,
        ) => {
          keys.find(decodeProtectedHeader(token).kid).then((key) => done(null, key as never), done);
        },
        // RFC 9068 §2.1: the issuer's configuration chooses one of them.
        algorithms: [...signingAlgorithms],
        issuer,
        audience: [fhirBaseUrl, `${fhirBaseUrl}/`],
      },
      (claims: unknown, done: (error: unknown, claims?: unknown) => void) => done(null, claims),
    );
    this.passport.use(strategyName, strategy);
  }

  /**
   * @returns the claims, and the id of the key that signed them
   * @throws Refusal 401 that says why the token is not accepted, 503 when the issuer's keys are unavailable
   */
  async verify(token: string): Promise<{ claims: AccessTokenClaims; keyId: string | undefined }> {
    this.refuseForeign(token);
    const claims = accessTokenClaims.safeParse(await this.runStrategy(token));
    if (!claims.success)
      throw invalidToken(
        'The access token lacks claims that RFC 9068 requires. Ask the token endpoint for a new token.',
        'security',
      );
    return { claims: claims.data, keyId: decodeProtectedHeader(token).kid };
  }

  /** Checks before any cryptography that the token is an access token of this environment. */
  private refuseForeign(token: string): void {
    let type: string | undefined;
    let issuer: string | undefined;
    try {
      type = decodeProtectedHeader(token).typ;
      issuer = decodeJwt(token).iss;
    } catch {
      throw invalidToken(
        'The bearer token is not a JWT. Send the access_token of the token response, unchanged.',
      );
    }
    const here = this.addresses[this.environment];
    const other = environments.find(
      (name) => name !== this.environment && this.addresses[name].issuer === issuer,
    );
    if (other)
      throw invalidToken(
        `This token was issued for the ${other} (${issuer}), and this is the ${this.environment} base ${here.fhirBaseUrl}. Use it at ${this.addresses[other].fhirBaseUrl}, or get a token from ${here.issuer}.`,
        'security',
      );
    if (!tokenTypes.includes(type?.toLowerCase() ?? ''))
      throw invalidToken(
        'The bearer token is not an access token (its typ must be at+jwt). Send access_token, not id_token.',
        'security',
      );
  }

  /** Runs the strategy through Passport. The callback replaces Passport's own answer to the request. */
  private runStrategy(token: string): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const done = (error: unknown, claims: unknown, reason: unknown) => {
        if (error) reject(error as Error);
        else if (claims) resolve(claims);
        else reject(this.refusalOf(reason));
      };
      const authenticate = this.passport.authenticate(strategyName, { session: false }, done);
      authenticate({ token } satisfies Request, undefined, reject);
    });
  }

  private refusalOf(reason: unknown): Refusal {
    if (reason instanceof Refusal) return reason;
    const { name, message } = reason as Error;
    const { issuer, fhirBaseUrl } = this.addresses[this.environment];
    if (name === 'TokenExpiredError')
      return invalidToken(
        'The access token has expired. Redeem the refresh token, or ask for a new access token.',
        'expired',
      );
    if (message.startsWith('jwt audience invalid'))
      return invalidToken(
        `The access token is not meant for this server: its aud must be ${fhirBaseUrl}.`,
        'security',
      );
    if (message.startsWith('jwt issuer invalid'))
      return invalidToken(
        `The access token is of a foreign issuer; this base accepts tokens of ${issuer}.`,
        'security',
      );
    return invalidToken(
      'The access token was altered, or not signed by this issuer. Send the access_token of the token response, unchanged.',
      'security',
    );
  }
}

import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, remoteKeys } from '@payer/service';
import {
  createLocalJWKSet,
  decodeJwt,
  errors,
  jwtVerify,
  type JSONWebKeySet,
  type JWTPayload,
  type JWTVerifyGetKey,
  type JWTVerifyOptions,
} from 'jose';
import type { Config } from '../config.js';
import { RegistrationError } from '../http/registration-error.js';
import { registrationBody } from './client-information.js';

/** Signatures of a statement. Each has a public key. */
const algorithms = ['RS256', 'RS384', 'PS256', 'ES256', 'ES384', 'EdDSA'];

/** Characters. */
const longestStatement = 20_000;

/** Milliseconds for which the keys of an issuer are kept. */
const keysMaxAge = 300_000;

/** Seconds by which clocks may differ. */
const clockTolerance = 60;

/** Metadata with the claims of its statement. */
interface WithStatement {
  body: unknown;
  /** The statement, unchanged, for the answer (RFC 7591 §3.2.1). */
  statement: string | undefined;
}

/**
 * Software statements (RFC 7591 §2.3): metadata of an app that a trusted issuer has signed. Without a
 * configured issuer a statement is ignored.
 */
@Injectable()
export class SoftwareStatements {
  private readonly keys: Map<string, JWTVerifyGetKey>;

  constructor(@Inject(CONFIG) private readonly config: Config) {
    this.keys = new Map(
      config.SOFTWARE_STATEMENT_ISSUERS.map(({ issuer, jwks, jwks_uri }) => [
        issuer,
        jwks ? createLocalJWKSet(jwks as JSONWebKeySet) : remoteKeys(jwks_uri!, { maxAge: keysMaxAge }),
      ]),
    );
  }

  /**
   * Puts the claims of a statement over the metadata of the request: a claim wins (RFC 7591 §2.3).
   * @param known statement of the registered app. It still counts when a change sends none, or the same
   * @throws RegistrationError `invalid_software_statement` or `unapproved_software_statement`;
   * `temporarily_unavailable` when the issuer's keys cannot be read
   */
  async apply(body: unknown, known?: string | null): Promise<WithStatement> {
    if (this.keys.size === 0 || !isObject(body)) return { body, statement: undefined };
    const { software_statement: sent, ...metadata } = body;
    const statement = sent ?? known ?? undefined;
    if (statement === undefined) return { body: metadata, statement };
    if (typeof statement !== 'string' || statement.length > longestStatement)
      throw invalid(`must be a signed JWT of at most ${longestStatement} characters`);
    const claims = statement === known ? this.knownClaims(known) : await this.verify(statement);
    return { body: merged(metadata, claims), statement };
  }

  /** The claims of a statement that was verified when the app was registered, while its issuer is trusted. */
  private knownClaims(statement: string): Record<string, unknown> {
    const claims = decodeJwt(statement);
    return this.keys.has(claims.iss ?? '') ? claims : {};
  }

  private async verify(statement: string): Promise<Record<string, unknown>> {
    const issuer = issuerOf(statement);
    const keys = this.keys.get(issuer);
    if (!keys)
      throw new RegistrationError(
        'unapproved_software_statement',
        `software_statement: the issuer ${JSON.stringify(issuer.slice(0, 200))} is not trusted here`,
      );
    const portalUrl = this.config.REGISTRATION_URL;
    try {
      const payload = await verifiedBy(keys, statement, { issuer, algorithms, clockTolerance });
      const { aud } = payload;
      const isForUs =
        aud === undefined || [aud].flat().some((one) => [portalUrl, `${portalUrl}/register`].includes(one));
      if (!isForUs) throw invalid(`its aud must be absent or name ${portalUrl}/register`);
      return payload;
    } catch (error) {
      if (error instanceof RegistrationError) throw error;
      if (error instanceof errors.JWTExpired) throw invalid('it has expired');
      // The other errors of jose are of the statement; this one is of the issuer.
      if (error instanceof errors.JOSEError && !(error instanceof errors.JWKSInvalid))
        throw invalid(`it does not verify: ${error.message}`);
      throw new RegistrationError(
        'temporarily_unavailable',
        'The keys of the issuer cannot be read now. Try again.',
      );
    }
  }
}

/**
 * Verifies a statement. One without a key id is tried with each key of its algorithm: an issuer that rotates
 * its keys has several.
 */
async function verifiedBy(
  keys: JWTVerifyGetKey,
  statement: string,
  options: JWTVerifyOptions,
): Promise<JWTPayload> {
  try {
    return (await jwtVerify(statement, keys, options)).payload;
  } catch (error) {
    if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error;
    let last: unknown = error;
    for await (const key of error)
      try {
        return (await jwtVerify(statement, key, options)).payload;
      } catch (failed) {
        last = failed;
      }
    throw last;
  }
}

const invalid = (problem: string) =>
  new RegistrationError('invalid_software_statement', `software_statement: ${problem}`);

function issuerOf(statement: string): string {
  try {
    const { iss } = decodeJwt(statement);
    if (typeof iss === 'string' && iss !== '') return iss;
  } catch {
    throw invalid('it is not a signed JWT');
  }
  throw invalid('it has no iss');
}

/** The metadata with the claims that are metadata. A form of keys in the claims replaces the other form. */
function merged(metadata: Record<string, unknown>, claims: Record<string, unknown>): Record<string, unknown> {
  const names = Object.keys(registrationBody.shape).filter((name) => name in claims);
  const signed = Object.fromEntries(names.map((name) => [name, claims[name]]));
  const { jwks, jwks_uri, ...rest } = metadata;
  const keys = 'jwks' in signed || 'jwks_uri' in signed ? {} : { jwks, jwks_uri };
  const sent = Object.entries({ ...rest, ...keys }).filter(([, value]) => value !== undefined);
  return { ...Object.fromEntries(sent), ...signed };
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

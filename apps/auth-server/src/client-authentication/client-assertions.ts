import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, isLoopbackAllowed, OutboundTarget } from '@payer/service';
import {
  assertionAlgorithms,
  endpointPaths,
  fitKeys,
  isKeyFor,
  type AppState,
  type Environment,
  type KeySet,
} from '@payer/smart';
import { compactVerify, decodeJwt, decodeProtectedHeader, importJWK, type JWK, type JWTPayload } from 'jose';
import { Apps, isClientId } from '../clients/apps.js';
import type { Config } from '../config.js';
import { assertionProblem, assertionType, type ReadAssertion } from './assertion-rules.js';
import { RemoteKeySets } from './remote-key-sets.js';

type Key = KeySet['keys'][number];
type Header = ReadAssertion['header'];

/** A client assertion that does not authenticate its app. The message says why, for the developer. */
export class AssertionRefused extends Error {
  override readonly name = 'AssertionRefused';

  constructor(problem: string) {
    super(`client_assertion is not accepted: ${problem}`);
  }
}

export interface SentAssertion {
  client_assertion: string;
  client_assertion_type?: unknown;
}

/** An app whose assertion was verified, with the key that signed it. */
export interface VerifiedAssertion {
  app: AppState;
  key: Key;
  claims: JWTPayload & { jti: string; exp: number };
}

/** The app that an assertion names, or undefined. Proves nothing: the signature is not verified. */
export function clientIdOf(assertion: unknown): string | undefined {
  if (typeof assertion !== 'string') return undefined;
  try {
    const { sub } = decodeJwt(assertion);
    return typeof sub === 'string' && isClientId(sub) ? sub : undefined;
  } catch {
    return undefined;
  }
}

/** Verifies the signed requests of apps with `private_key_jwt` (RFC 7523 §3, SMART 2.2). */
@Injectable()
export class ClientAssertions {
  private readonly remote: RemoteKeySets;

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly apps: Apps,
  ) {
    const isLocal = isLoopbackAllowed(config.JWKS_LOOPBACK, config.NODE_ENV);
    this.remote = new RemoteKeySets(new OutboundTarget(config, isLocal, '/jwks.json'));
  }

  /**
   * Verifies everything but the repeated use of the assertion.
   * @param path of the endpoint, below the issuer
   * @throws AssertionRefused
   */
  async verify(environment: Environment, path: string, sent: SentAssertion): Promise<VerifiedAssertion> {
    const clientId = clientIdOf(sent.client_assertion);
    if (!clientId) throw new AssertionRefused('it must be a JWT with the client_id as sub');
    const known = await this.apps.findFor(
      environment,
      clientId,
      (app) => usesKeys(app) && app.environments.includes(environment),
    );
    try {
      return await this.verifyFor(known, environment, path, sent);
    } catch (error) {
      if (!(error instanceof AssertionRefused)) throw error;
      // An event with new keys of the app may be on its way.
      const current = await this.apps.findFor(environment, clientId, () => false);
      if (!current || current.version === known?.version) throw error;
      return this.verifyFor(current, environment, path, sent);
    }
  }

  private async verifyFor(
    app: AppState | undefined,
    environment: Environment,
    path: string,
    { client_assertion: assertion, client_assertion_type: type }: SentAssertion,
  ): Promise<VerifiedAssertion> {
    if (!app || app.status === 'deleted') throw new AssertionRefused('sub names no app');
    if (!usesKeys(app))
      throw new AssertionRefused(
        'the app is registered for client_secret_basic; change its client authentication in the developer portal',
      );
    if (type !== assertionType) throw new AssertionRefused(`client_assertion_type must be ${assertionType}`);
    const { header, claims } = read(assertion);
    const { issuer } = this.config.addresses[environment];
    const audiences = [`${issuer}${endpointPaths.token}`, issuer, `${issuer}${path}`];
    const now = Math.floor(Date.now() / 1000);
    const problem = assertionProblem({ app, header, claims, audiences, now });
    if (problem) throw new AssertionRefused(problem);
    const key = await this.signingKey(app, header, assertion);
    return { app, key, claims: claims as VerifiedAssertion['claims'] };
  }

  /** @throws AssertionRefused when no key of the app made the signature */
  private async signingKey(app: AppState, header: Header, assertion: string): Promise<Key> {
    const { jwks, jwks_uri } = app;
    if (jwks) return signer(fitting(fitKeys(jwks), header, 'jwks'), assertion);
    const read = (isAgain: boolean) => this.remoteKeys(jwks_uri ?? '', isAgain);
    const known = await read(false);
    try {
      return await signer(fitting(known, header, 'jwks_uri'), assertion);
    } catch (error) {
      if (!(error instanceof AssertionRefused)) throw error;
      return signer(fitting(await read(true), header, 'jwks_uri'), assertion);
    }
  }

  private async remoteKeys(url: string, isAgain: boolean): Promise<Key[]> {
    try {
      return await this.remote.keysOf(url, isAgain);
    } catch (error) {
      throw new AssertionRefused(`the keys at jwks_uri could not be read: ${reasonOf(error)}`);
    }
  }
}

const usesKeys = (app: AppState) => app.token_endpoint_auth_method === 'private_key_jwt';

function read(assertion: string) {
  try {
    return { header: decodeProtectedHeader(assertion), claims: decodeJwt(assertion) };
  } catch {
    throw new AssertionRefused('it must be a signed JWT');
  }
}

/**
 * The key that the header names: its kid, and a type that makes signatures of the header's alg (SMART 2.2,
 * Client Authentication: Asymmetric). Without a kid, the only key of the app.
 */
function fitting(keys: readonly Key[], { kid, alg }: Header, where: string): Key {
  const named = kid === undefined && keys.length === 1 ? keys : keys.filter((key) => key.kid === kid);
  const found = named.find((key) => isKeyFor(key, alg));
  if (found) return found;
  throw new AssertionRefused(
    kid === undefined
      ? `the header needs the kid of one of the keys in ${where}`
      : `${where} of the app has no key with this kid that is fit for ${alg}`,
  );
}

/** @returns the key if it made the signature @throws AssertionRefused */
async function signer(key: Key, assertion: string): Promise<Key> {
  try {
    const { alg } = decodeProtectedHeader(assertion);
    await compactVerify(assertion, await importJWK(key as unknown as JWK, alg), {
      algorithms: [...assertionAlgorithms],
    });
    return key;
  } catch {
    throw new AssertionRefused('its signature was not made with the registered key');
  }
}

/** The reason in printable ASCII, as `error_description` allows (RFC 6749 §5.2). */
const reasonOf = (error: unknown): string => {
  const { code, message } = error as Error & { code?: string };
  return (code ?? message).replace(/[^\x20-\x21\x23-\x5b\x5d-\x7e]/g, '?').slice(0, 150);
};

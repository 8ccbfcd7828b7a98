import {
  appSuspended,
  grantErrors,
  leverError,
  leverHeader,
  leverText,
  type AppState,
  type Environment,
} from '@payer/smart';
import { errors, type KoaContextWithOIDC } from 'oidc-provider';
import { secretMatches } from '../clients/apps.js';
import { basicCredentials } from '../client-authentication/basic-credentials.js';
import type { NextErrors } from './next-errors.js';

/** Seconds in `Retry-After`: the next request is served. */
const retryAfter = 1;

/** The error of the token endpoint that a developer has asked for. */
export class CausedError extends errors.CustomOIDCProviderError {
  /** The state of a grant or app in `error_code`, if the error has one. */
  readonly state: string | undefined;

  constructor(code: string, status: number, description: string) {
    const isState = grantErrors.some((documented) => documented.code === code);
    super(isState ? errorBesideState(code) : code, description);
    this.state = isState ? code : undefined;
    Object.assign(this, { status, statusCode: status });
  }
}

const errorBesideState = (code: string) => (code === appSuspended ? 'unauthorized_client' : 'invalid_grant');

/**
 * Refuses an authenticated token request if its developer has asked for an error. Nothing of the request is
 * used up: the app may send its code or refresh token again. The engine compares the secret later, so this
 * function compares it too: a stranger must not use up the lever.
 * @param isAuthenticated whether a client assertion of the app was verified
 * @throws CausedError
 */
export async function refuseOnce(
  nextErrors: NextErrors,
  ctx: KoaContextWithOIDC | undefined,
  app: AppState,
  environment: Environment,
  isAuthenticated: boolean,
): Promise<void> {
  if (!app.levers || ctx?.oidc.route !== 'token') return;
  const sent = basicCredentials(ctx.get('authorization'));
  if (!isAuthenticated && !(sent?.clientId === app.client_id && secretMatches(app, sent.secret))) return;
  const waiting = await nextErrors.take(app, environment, 'token');
  const documented = waiting && leverError('token', waiting.error);
  if (!documented) return;
  const status = documented.statuses[0] ?? 400;
  ctx.set(leverHeader, waiting.id);
  if (status === 429 || status === 503) ctx.set('Retry-After', String(retryAfter));
  throw new CausedError(documented.code, status, leverText(documented));
}

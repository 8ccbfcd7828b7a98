import type { AppState, Environment, EnvironmentAddresses } from '@payer/smart';
import { decodeJwt, jwtVerify } from 'jose';
import type { Keys } from '../keys/keys.js';

/** A request that the endpoint refuses. It never leads back to the app. */
export class RefusedEndSession extends Error {}

/** A checked request (OpenID Connect RP-Initiated Logout 1.0 §2). */
export interface EndSessionRequest {
  /** The app that asks, if the request names one that may use the environment. */
  app: AppState | undefined;
  /** The member of the id_token, if the request has one. */
  sub: string | undefined;
  /** The registered address to return to, with `state`. */
  location: string | undefined;
}

interface Parts {
  keys: Keys;
  addresses: EnvironmentAddresses;
  /**
   * The app with its values of the environment.
   * @param uri the address that the request names: the app must have it, or be read again
   */
  findApp: (clientId: string, uri: string | undefined) => Promise<AppState | undefined>;
}

const names = ['id_token_hint', 'client_id', 'post_logout_redirect_uri', 'state'] as const;

/** Characters of the address with its state. The confirmation page keeps them in a cookie of 4 kB. */
const longestAddress = 2600;

/**
 * Checks a logout request: one value per parameter, the hint, the app, and the address to return to.
 * @throws RefusedEndSession with the reason, for the app's developer
 */
export async function checkEndSession(
  parameters: Record<string, unknown>,
  parts: Parts,
): Promise<EndSessionRequest> {
  const repeated = names.find((name) => Array.isArray(parameters[name]));
  if (repeated) throw new RefusedEndSession(`${repeated} is there twice`);
  const textOf = (name: (typeof names)[number]) => {
    const value = parameters[name];
    return typeof value === 'string' && value !== '' ? value : undefined;
  };
  const hint = textOf('id_token_hint');
  const named = hint === undefined ? undefined : await readHint(hint, parts);
  const clientId = named?.clientId ?? textOf('client_id');
  if (named && textOf('client_id') && textOf('client_id') !== named.clientId)
    throw new RefusedEndSession('client_id is not the audience of id_token_hint');
  const uri = textOf('post_logout_redirect_uri');
  const app = clientId === undefined ? undefined : await parts.findApp(clientId, uri);
  if (clientId !== undefined && (!app || app.status === 'deleted'))
    throw new RefusedEndSession('client_id is not known here');
  const { environment } = parts.addresses;
  const location = returnAddress(app, uri, { state: textOf('state'), environment });
  // The page names no app that the plan has not admitted here.
  return { app: app?.environments.includes(environment) ? app : undefined, sub: named?.sub, location };
}

/**
 * Reads the id_token. An expired one is accepted, as the specification demands (§4). Only the signature shows
 * that the token is ours.
 */
async function readHint(hint: string, { keys, addresses }: Parts) {
  try {
    const { protectedHeader, payload } = await jwtVerify(
      hint,
      ({ kid }) => {
        const key = keys.verifying(addresses.environment, kid);
        if (!key) throw new Error('unknown key');
        return key;
      },
      { algorithms: ['RS256'], issuer: addresses.issuer, currentDate: issueTime(hint) },
    );
    // An access token is signed by the same key.
    if (protectedHeader.typ !== undefined && protectedHeader.typ.toUpperCase() !== 'JWT')
      throw new Error('not an id_token');
    if (typeof payload.aud !== 'string' || !payload.sub) throw new Error('no aud or sub');
    return { clientId: payload.aud, sub: payload.sub };
  } catch {
    throw new RefusedEndSession(
      'id_token_hint is not an id_token of this issuer, or its key was replaced; client_id can be sent instead',
    );
  }
}

function issueTime(token: string): Date {
  return new Date((decodeJwt(token).iat ?? 0) * 1000);
}

/** The address to return to. It is compared character for character, as a redirect URI is (RFC 9700 §2.1). */
function returnAddress(
  app: AppState | undefined,
  uri: string | undefined,
  { state, environment }: { state: string | undefined; environment: Environment },
) {
  if (uri === undefined) return undefined;
  if (!app)
    throw new RefusedEndSession('post_logout_redirect_uri needs id_token_hint or client_id beside it');
  // A suspended app has no environment. An app without approval has the sandbox only (RFC 9700 §4.11.2).
  if (!app.environments.includes(environment))
    throw new RefusedEndSession(`the app may not use ${environment}, so nothing leads to its addresses`);
  if (!app.post_logout_redirect_uris?.includes(uri))
    throw new RefusedEndSession(
      'post_logout_redirect_uri is not one of those registered for this app; it must match one of them ' +
        'character for character',
    );
  if (state === undefined) return uri;
  const address = `${uri}${uri.includes('?') ? '&' : '?'}state=${encodeURIComponent(state)}`;
  if (address.length > longestAddress)
    throw new RefusedEndSession(
      `post_logout_redirect_uri and state are longer than ${longestAddress} characters together`,
    );
  return address;
}

import { decideScopes, isFhirBase, type EnvironmentAddresses } from '@payer/smart';
import { errors, type Client, type KoaContextWithOIDC } from 'oidc-provider';
import { oneAuthentication } from '../client-authentication/client-authentication.js';
import { appOf } from './token-answers.js';

interface TokenRequest {
  addresses: EnvironmentAddresses;
  client: Client;
  /** Parameters that the engine uses. A check may replace a value by the plan's own. */
  params: Record<string, unknown>;
  /** The form, with parameters that the engine does not know. */
  form: Record<string, unknown>;
  /** The header `DPoP`. */
  proof: string | string[] | undefined;
}

type Check = (request: TokenRequest) => void;

/** RFC 6749 §2.3: the client must not use more than one authentication method. */
const checkOneAuthentication: Check = ({ form }) => {
  if (form.client_secret) throw new errors.InvalidRequest(oneAuthentication);
};

/** RFC 9449 §5. The engine takes an empty header for none, and would give a token without the app's key. */
const checkProof: Check = ({ proof }) => {
  if (proof !== undefined && String(proof).trim() === '')
    throw new errors.InvalidDpopProof('the header DPoP is empty; it must be a proof, or absent');
};

/**
 * RFC 8707 §2.2: the FHIR API of the environment is the only resource. A trailing slash is accepted, as in
 * the authorization request.
 */
const checkResource: Check = ({ addresses, form, params }) => {
  const named = [form.resource].flat().filter((value) => value !== undefined && value !== '');
  if (!named.every((value) => typeof value === 'string' && isFhirBase(addresses, value)))
    throw new errors.InvalidTarget(
      `resource must be the FHIR base URL of this environment, ${addresses.fhirBaseUrl}, or absent`,
    );
  if ('resource' in params) params.resource = named.length > 0 ? addresses.fhirBaseUrl : undefined;
};

/** The tolerated scopes of a refresh are removed: the refresh token does not have them. */
const checkScopes: Check = ({ client, params }) => {
  const plan = appOf(client)?.plan;
  if (!plan || typeof params.scope !== 'string' || params.grant_type !== 'refresh_token') return;
  const { granted, problem } = decideScopes(plan, params.scope);
  if (problem) throw new errors.InvalidScope(problem, params.scope);
  params.scope = granted.join(' ');
};

/** Checks of an authenticated token request, in order. */
const checks: readonly Check[] = [checkOneAuthentication, checkProof, checkResource, checkScopes];

/**
 * Checks a token request before its code or refresh token is used up, so that a refused request costs the app
 * nothing. The engine alone would check `resource` afterwards, and the app's next try would revoke the grant.
 * @throws InvalidRequest, InvalidDpopProof, InvalidTarget, InvalidScope
 */
export function checkTokenRequest(
  addresses: EnvironmentAddresses,
  client: Client,
  ctx: KoaContextWithOIDC,
): void {
  const params = ctx.oidc.params ?? {};
  const form = (ctx.oidc.body ?? {}) as Record<string, unknown>;
  const proof = ctx.headers.dpop;
  for (const check of checks) check({ addresses, client, params, form, proof });
}

import {
  assertionAlgorithms,
  clientAuthMethods,
  connectedAppsClientId,
  endpointPaths,
  endpoints,
  scopes,
  type Environment,
  type EnvironmentAddresses,
} from '@payer/smart';
import { dpopAlgorithms, type SigningAlgorithm } from '@payer/service';
import type { Adapter, Configuration } from 'oidc-provider';
import { connectedAppsClient } from '../clients/client-metadata.js';
import { clockTolerance } from '../client-authentication/assertion-rules.js';
import { offeredClasses } from '../second-factor/authentication-class.js';
import { accountOf, memberOf, grantClaims, patientClaims } from './claims.js';
import { NextErrors } from '../levers/next-errors.js';
import { EngineClients } from './engine-clients.js';
import type { ProviderParts } from './provider-parts.js';
import { policy } from './interaction-policy.js';
import { newGrant, saveGrant } from './new-grant.js';
import { OidcAdapter } from './oidc-adapter.js';
import { toleratedScopeParameter } from './offline-access.js';
import type { GrantChoices, HeldGrant } from './patched-models.js';
import { successors } from './refresh-token-rotation.js';
import { errorRenderer } from './render-error.js';
import { tokenRequestState } from './token-request-state.js';
import { resourceServer } from './resource-server.js';
import { lifetimes, sessionLifetime } from './token-lifetimes.js';
import { memberOfStep } from './unit-of-work/unit-of-work.js';

/** The platform's rules as the engine's options for an environment. */
export function configuration(environment: Environment, parts: ProviderParts): Configuration {
  const { config, source, apps, freshness, keys } = parts;
  const addresses = config.addresses[environment];
  const successorOf = successors(config.KEY_ENCRYPTION_KEY);
  const clients = new EngineClients(
    environment,
    apps,
    parts.assertions,
    parts.limits,
    new NextErrors(parts.source),
  );
  const {
    introspection_endpoint,
    revocation_endpoint,
    registration_endpoint,
    pushed_authorization_request_endpoint,
  } = endpoints(addresses);
  return {
    adapter: ((model: string): Adapter =>
      new OidcAdapter(
        model,
        environment,
        source,
        clients,
        freshness,
        successorOf,
        parts.interactions,
        parts.limits,
      )) as never,
    clients: [connectedAppsClient(addresses, config.CONSENT_JWKS_URL)],
    jwks: { keys: keys.of(environment).map((key) => key.privateJwk) as never },
    scopes: [...scopes],
    extraParams: [toleratedScopeParameter],
    // The endpoints take no cookies, so a page of any origin may call them, as the preflight says.
    clientBasedCORS: () => true,
    // Without the engine's dispatcher, which refuses private addresses. The engine fetches only
    // CONSENT_JWKS_URL, in the platform's own network. The keys of apps are fetched by RemoteKeySets.
    fetch: (url, options) => fetch(url, { ...options, dispatcher: undefined } as RequestInit),
    claims: { openid: ['sub', 'patient', 'name', 'acr', 'amr'], fhirUser: ['fhirUser'] },
    acrValues: offeredClasses,
    responseTypes: ['code'],
    clientAuthMethods: [...clientAuthMethods],
    clockTolerance,
    extraClientMetadata: { properties: ['app_state'] },
    conformIdTokenClaims: false,
    allowOmittingSingleRegisteredRedirectUri: false,
    // Called before the token is used up, so that a wrong scope does not cost the app its refresh token.
    rotateRefreshToken: (ctx) => {
      if (ctx.oidc.client) resourceServer(addresses, config.ACCESS_TOKEN_ALGORITHM, ctx, ctx.oidc.client);
      return true;
    },
    issueRefreshToken: (_ctx, client) => client.grantTypeAllowed('refresh_token'),
    expiresWithSession: () => false,
    pkce: { required: (_ctx, client) => client.clientId === connectedAppsClientId },
    enabledJWA: {
      idTokenSigningAlgValues: ['RS256'],
      dPoPSigningAlgValues: [...dpopAlgorithms],
      // RS256 is for consent's connected-apps page only. ClientAssertions refuses it for apps.
      clientAuthSigningAlgValues: ['RS256', ...assertionAlgorithms],
    },
    routes: {
      authorization: endpointPaths.authorization,
      token: endpointPaths.token,
      jwks: endpointPaths.jwks,
    },
    discovery: {
      introspection_endpoint,
      revocation_endpoint,
      registration_endpoint,
      pushed_authorization_request_endpoint,
      require_pushed_authorization_requests: false,
      code_challenge_methods_supported: ['S256'],
    },
    cookies: cookies(environment, config.COOKIE_KEY),
    ttl: lifetimes,
    features: features(addresses, config.ACCESS_TOKEN_ALGORITHM),
    interactions: {
      policy: policy(),
      url: (_ctx, interaction) => `/${environment}/interaction/${interaction.uid}`,
    },
    ...membersAndGrants(environment, addresses, parts),
    renderError: errorRenderer(environment, parts),
  };
}

/** Gives the engine the member of a session, the grant of a request, and the claims of a token. */
function membersAndGrants(
  environment: Environment,
  addresses: EnvironmentAddresses,
  { members, representations }: ProviderParts,
): Pick<Configuration, 'findAccount' | 'loadExistingGrant' | 'extraTokenClaims'> {
  return {
    findAccount: async (ctx, sub) => {
      const read = tokenRequestState()?.member;
      const known = read?.sub === sub ? read : memberOfStep(sub);
      const member = known ?? (await members.find(environment, sub));
      // A token request has loaded its grant. Without the right to the grant's patient it gets
      // `invalid_grant`.
      const grant = () => (ctx.oidc.entities.Grant ?? {}) as GrantChoices;
      const mayUse =
        !grant().patient || (member && (await representations.mayUse(environment, member, grant())));
      if (!member || !mayUse) return undefined;
      return accountOf(member, addresses, ctx.oidc.client?.clientId ?? '', grant);
    },
    loadExistingGrant: async (ctx) => {
      const grantId = ctx.oidc.result?.consent?.grantId;
      if (grantId) return ctx.oidc.provider.Grant.find(grantId);
      if (ctx.oidc.client?.clientId !== connectedAppsClientId || !ctx.oidc.session?.accountId)
        return undefined;
      const grant = newGrant(ctx.oidc.provider, ctx.oidc.session.accountId, connectedAppsClientId);
      grant.addOIDCScope('openid');
      await saveGrant(grant, sessionLifetime);
      return grant;
    },
    extraTokenClaims: (ctx, token) => {
      const member = memberOf(ctx.oidc.account);
      if (!member || token.kind !== 'AccessToken') return undefined;
      const grant = (ctx.oidc.entities.Grant ?? {}) as HeldGrant;
      return { ...patientClaims(addresses, member, grant), ...grantClaims(token.grantId, grant) };
    },
  };
}

function cookies(environment: Environment, key: string): Configuration['cookies'] {
  return {
    keys: [key],
    names: {
      session: `auth_session_${environment}`,
      interaction: `auth_interaction_${environment}`,
      resume: `auth_resume_${environment}`,
    },
    long: { httpOnly: true, sameSite: 'lax', path: `/${environment}` },
    short: { httpOnly: true, sameSite: 'lax' },
  };
}

function features(addresses: EnvironmentAddresses, alg: SigningAlgorithm): Configuration['features'] {
  return {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    userinfo: { enabled: false },
    rpInitiatedLogout: { enabled: false },
    pushedAuthorizationRequests: { enabled: false },
    // The requests of apps come from many machines, so no nonce of the server is required.
    dPoP: { enabled: true, requireNonce: () => false },
    requestObjects: { enabled: false },
    resourceIndicators: {
      enabled: true,
      defaultResource: (_ctx, client) =>
        (client.clientId === connectedAppsClientId ? undefined : addresses.fhirBaseUrl) as string,
      useGrantedResource: () => true,
      getResourceServerInfo: (ctx, _resource, client) => resourceServer(addresses, alg, ctx, client),
    },
  };
}

import * as openid from 'openid-client';
import type { App } from './app.js';
import { agree, type Member } from './agree.js';

/**
 * Connects with `openid-client` as in its documentation: discovery, code with PKCE, state and nonce, refresh.
 */
export async function connectWithOpenidClient(
  app: App,
  member: Member,
  scope: string,
): Promise<{
  tokens: openid.TokenEndpointResponse;
  refreshed: openid.TokenEndpointResponse;
  claims: openid.IDToken | undefined;
}> {
  const { client_id, client_secret } = app.credentials;
  const configuration = await openid.discovery(
    new URL(app.issuer),
    client_id,
    undefined,
    openid.ClientSecretBasic(client_secret),
    { execute: [openid.allowInsecureRequests] },
  );
  const [verifier, state, nonce] = [
    openid.randomPKCECodeVerifier(),
    openid.randomState(),
    openid.randomNonce(),
  ];
  const url = openid.buildAuthorizationUrl(configuration, {
    redirect_uri: app.redirectUri,
    scope,
    state,
    nonce,
    code_challenge: await openid.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
  });
  const redirect = await agree(app.browser(), url.href, member);
  const tokens = await openid.authorizationCodeGrant(configuration, redirect, {
    pkceCodeVerifier: verifier,
    expectedState: state,
    expectedNonce: nonce,
    idTokenExpected: true,
  });
  const refreshed = await openid.refreshTokenGrant(configuration, tokens.refresh_token ?? '');
  return { tokens, refreshed, claims: tokens.claims() };
}

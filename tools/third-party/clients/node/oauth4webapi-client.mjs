/** oauth4webapi: each step of RFC 6749, 7009 and 7636 as its documentation shows it. */
import * as oauth from 'oauth4webapi';
import { authorize, finish, test, whenRefused } from './conversation.mjs';

const insecure = { [oauth.allowInsecureRequests]: true };
const issuer = new URL(test.issuer);
const server = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, insecure));
const client = { client_id: test.clientId };
const authentication = oauth.ClientSecretBasic(test.clientSecret);
const fhir = async (token, path) =>
  oauth.protectedResourceRequest(
    token,
    'GET',
    new URL(`${test.fhirBase}/${path}`),
    undefined,
    undefined,
    insecure,
  );

if (test.flow === 'directory') {
  const parameters = new URLSearchParams({ scope: test.scope });
  const answer = await oauth.clientCredentialsGrantRequest(
    server,
    client,
    authentication,
    parameters,
    insecure,
  );
  const { access_token } = await oauth.processClientCredentialsResponse(server, client, answer);
  const page = await (await fhir(access_token, 'Practitioner?_count=2')).json();
  const { url } = page.link.find(({ relation }) => relation === 'next');
  const next = await oauth.protectedResourceRequest(
    access_token,
    'GET',
    new URL(url),
    undefined,
    undefined,
    insecure,
  );
  finish({ found: page.entry.length, next: (await next.json()).entry.length });
}

const verifier = oauth.generateRandomCodeVerifier();
const [state, nonce] = [oauth.generateRandomState(), oauth.generateRandomNonce()];
const url = new URL(server.authorization_endpoint);
for (const [name, value] of Object.entries({
  client_id: test.clientId,
  redirect_uri: test.redirectUri,
  response_type: 'code',
  scope: test.scope,
  code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
  code_challenge_method: 'S256',
  state,
  nonce,
}))
  url.searchParams.set(name, value);
const parameters = oauth.validateAuthResponse(server, client, new URL(await authorize(url)), state);
const tokens = await oauth.processAuthorizationCodeResponse(
  server,
  client,
  await oauth.authorizationCodeGrantRequest(
    server,
    client,
    authentication,
    parameters,
    test.redirectUri,
    verifier,
    insecure,
  ),
  { expectedNonce: nonce, requireIdToken: true },
);
const patient = await (await fhir(tokens.access_token, `Patient/${tokens.patient}`)).json();
const refreshed = await oauth.processRefreshTokenResponse(
  server,
  client,
  await oauth.refreshTokenGrantRequest(server, client, authentication, tokens.refresh_token, insecure),
);
const claims = await (await fhir(refreshed.access_token, 'ExplanationOfBenefit?_summary=count')).json();
await oauth.processRevocationResponse(
  await oauth.revocationRequest(server, client, authentication, refreshed.refresh_token, insecure),
);
const after = await whenRefused(() =>
  fetch(`${test.fhirBase}/Patient/${tokens.patient}`, {
    headers: { authorization: `Bearer ${refreshed.access_token}` },
  }),
);
finish({ patient: patient.id, claims: claims.total, after_revocation: after.status });

/** openid-client: discovery, code flow with PKCE and nonce, refresh, client credentials, revocation. */
import * as openid from 'openid-client';
import { authorize, finish, test, whenRefused } from './conversation.mjs';

const configuration = await openid.discovery(
  new URL(test.issuer),
  test.clientId,
  undefined,
  openid.ClientSecretBasic(test.clientSecret),
  { execute: [openid.allowInsecureRequests] },
);
const fhir = (token, url) => openid.fetchProtectedResource(configuration, token, new URL(url), 'GET');

if (test.flow === 'directory') {
  const { access_token } = await openid.clientCredentialsGrant(configuration, { scope: test.scope });
  const page = await (await fhir(access_token, `${test.fhirBase}/Practitioner?_count=2`)).json();
  const { url } = page.link.find(({ relation }) => relation === 'next');
  finish({ found: page.entry.length, next: (await (await fhir(access_token, url)).json()).entry.length });
}

const [verifier, state, nonce] = [
  openid.randomPKCECodeVerifier(),
  openid.randomState(),
  openid.randomNonce(),
];
const url = openid.buildAuthorizationUrl(configuration, {
  redirect_uri: test.redirectUri,
  scope: test.scope,
  state,
  nonce,
  code_challenge: await openid.calculatePKCECodeChallenge(verifier),
  code_challenge_method: 'S256',
});
const tokens = await openid.authorizationCodeGrant(configuration, new URL(await authorize(url)), {
  pkceCodeVerifier: verifier,
  expectedState: state,
  expectedNonce: nonce,
  idTokenExpected: true,
});
const patient = await (await fhir(tokens.access_token, `${test.fhirBase}/Patient/${tokens.patient}`)).json();
const refreshed = await openid.refreshTokenGrant(configuration, tokens.refresh_token);
const claims = await (
  await fhir(refreshed.access_token, `${test.fhirBase}/ExplanationOfBenefit?_summary=count`)
).json();
await openid.tokenRevocation(configuration, refreshed.refresh_token);
const after = await whenRefused(() =>
  fetch(`${test.fhirBase}/Patient/${patient.id}`, {
    headers: { authorization: `Bearer ${refreshed.access_token}` },
  }),
);
finish({ patient: patient.id, claims: claims.total, after_revocation: after.status });

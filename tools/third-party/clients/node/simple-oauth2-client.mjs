/** simple-oauth2 for the tokens, fhir-kit-client for the resources. */
import { Client } from 'fhir-kit-client';
import { AuthorizationCode, ClientCredentials } from 'simple-oauth2';
import { authorize, finish, test, whenRefused } from './conversation.mjs';

const { origin, pathname } = new URL(test.issuer);
const config = {
  client: { id: test.clientId, secret: test.clientSecret },
  auth: {
    tokenHost: origin,
    tokenPath: `${pathname}/token`,
    revokePath: `${pathname}/revoke`,
  },
};
const fhirWith = ({ token }) => new Client({ baseUrl: test.fhirBase, bearerToken: token.access_token });

if (test.flow === 'directory') {
  const fhir = fhirWith(await new ClientCredentials(config).getToken({ scope: test.scope }));
  const page = await fhir.search({ resourceType: 'Practitioner', searchParams: { _count: 2 } });
  const next = await fhir.nextPage({ bundle: page });
  finish({ found: page.entry.length, next: next.entry.length });
}

const flow = new AuthorizationCode({
  ...config,
  auth: { ...config.auth, authorizePath: `${pathname}/authorize` },
});
const redirect = new URL(
  await authorize(flow.authorizeURL({ redirect_uri: test.redirectUri, scope: test.scope, state: 'state-1' })),
);
const tokens = await flow.getToken({
  code: redirect.searchParams.get('code'),
  redirect_uri: test.redirectUri,
});
const patient = await fhirWith(tokens).read({ resourceType: 'Patient', id: tokens.token.patient });
const refreshed = await tokens.refresh();
const claims = await fhirWith(refreshed).search({
  resourceType: 'ExplanationOfBenefit',
  searchParams: { _summary: 'count' },
});
await refreshed.revoke('refresh_token');
const after = await whenRefused(() =>
  fetch(`${test.fhirBase}/Patient/${patient.id}`, {
    headers: { authorization: `Bearer ${refreshed.token.access_token}` },
  }),
);
finish({ patient: patient.id, claims: claims.total, after_revocation: after.status });

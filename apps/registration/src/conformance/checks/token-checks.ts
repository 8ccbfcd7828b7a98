import { createPublicKey, verify } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import type { PlatformAnswer } from '../../http/platform-http.js';
import { demand, demandStatus, type Check } from './check.js';
import { jsonOf, type Subject } from './subject.js';

function demandError(answer: PlatformAnswer, status: number, code: string): void {
  demandStatus(answer, status);
  const { error } = jsonOf(answer);
  demand(error === code, `The error is ${String(error)}. It must be ${code}.`);
}

/** @param parameters of a token request @param app `directory` or `member` */
const refusedRequest = (
  id: string,
  title: string,
  app: 'directory' | 'member',
  parameters: Record<string, string>,
  status: number,
  code: string,
): Check => ({
  id,
  title,
  needsApp: true,
  async run(subject) {
    demandError(await subject.form(subject.endpoints.token_endpoint, parameters, subject[app]), status, code);
  },
});

const partOf = (token: string, index: number): Record<string, unknown> =>
  jsonOf({ status: 200, body: Buffer.from(token.split('.')[index] ?? '', 'base64url').toString() });

/** Whether a key of the issuer signed the token (RFC 7515). */
async function isSigned(subject: Subject, token: string): Promise<boolean> {
  const { kid, alg } = partOf(token, 0);
  const { keys } = (await subject.document(subject.endpoints.jwks_uri)) as {
    keys?: Record<string, string>[];
  };
  const jwk = keys?.find((key) => key.kid === kid);
  if (!jwk) return false;
  const [head, claims, signature = ''] = token.split('.');
  const key = createPublicKey({ key: jwk, format: 'jwk' });
  return verify(
    'sha256',
    Buffer.from(`${head}.${claims}`),
    alg === 'ES256' ? { key, dsaEncoding: 'ieee-p1363' } : key,
    Buffer.from(signature, 'base64url'),
  );
}

/** Seconds within which a revoked token is refused, whatever fails: the promise of the documentation. */
const revocationBound = 30;

/** Asks again until the FHIR API refuses the token. @throws Fault after the bound */
async function untilRefused(subject: Subject, token: string): Promise<void> {
  const end = Date.now() + revocationBound * 1000;
  for (;;) {
    const answer = await subject.fhir('Organization?_count=1', token);
    if (answer.status !== 200 || Date.now() > end) return demandStatus(answer, 401);
    await setTimeout(200);
  }
}

/** The token, introspection and revocation endpoints, with the demonstration apps. */
export const tokenChecks: readonly Check[] = [
  {
    id: 'directory-token',
    title: 'Client credentials give a bearer token with exactly the scope of the plan, which nobody may keep',
    needsApp: true,
    async run(subject) {
      const { scope } = subject.directory;
      const parameters = { grant_type: 'client_credentials', scope };
      const answer = await subject.form(subject.endpoints.token_endpoint, parameters, subject.directory);
      demandStatus(answer, 200);
      const response = jsonOf(answer);
      demand(/^bearer$/i.test(String(response.token_type)), `token_type is ${String(response.token_type)}.`);
      demand(typeof response.expires_in === 'number', 'expires_in is no number.');
      demand(response.scope === scope, `scope is ${String(response.scope)}. It must be ${scope}.`);
      demand(!('refresh_token' in response), 'The response has a refresh_token.');
      demand(answer.headers['cache-control']?.includes('no-store'), 'Cache-Control lacks no-store.');
      demand(answer.headers.pragma === 'no-cache', 'Pragma is not no-cache.');
    },
  },
  {
    id: 'directory-token-claims',
    title:
      'An access token is a JWT of RFC 9068, signed by a published key, for one FHIR base, of no patient',
    needsApp: true,
    async run(subject) {
      const token = await subject.directoryToken();
      demand(partOf(token, 0).typ === 'at+jwt', `typ is ${String(partOf(token, 0).typ)}. It must be at+jwt.`);
      demand(await isSigned(subject, token), 'No published key verifies the signature.');
      const claims = partOf(token, 1);
      const { issuer, fhirBaseUrl } = subject.addresses;
      demand(claims.iss === issuer, `iss is ${String(claims.iss)}. It must be ${issuer}.`);
      demand(
        [claims.aud].flat().join() === fhirBaseUrl,
        `aud is ${String(claims.aud)}. It must be ${fhirBaseUrl}.`,
      );
      demand(claims.client_id === subject.directory.client_id, 'client_id is that of another app.');
      for (const name of ['sub', 'jti', 'exp', 'iat'])
        demand(claims[name] !== undefined, `The claim ${name} is missing.`);
      demand(!('patient' in claims), 'The token has a patient.');
    },
  },
  {
    id: 'wrong-secret',
    title: 'A wrong secret is invalid_client with status 401 and a Basic challenge',
    needsApp: true,
    async run(subject) {
      const app = { ...subject.directory, client_secret: 'wrong' };
      const parameters = { grant_type: 'client_credentials', scope: app.scope };
      const answer = await subject.form(subject.endpoints.token_endpoint, parameters, app);
      demandError(answer, 401, 'invalid_client');
      demand(/^basic/i.test(answer.headers['www-authenticate'] ?? ''), 'The answer has no Basic challenge.');
    },
  },
  {
    id: 'no-client-authentication',
    title: 'A token request without client authentication is refused',
    needsApp: false,
    async run(subject) {
      const parameters = { grant_type: 'client_credentials', scope: 'system/*.rs', client_id: 'nobody' };
      demandError(await subject.form(subject.endpoints.token_endpoint, parameters), 401, 'invalid_client');
    },
  },
  refusedRequest(
    'password-grant',
    'The password grant is unsupported_grant_type',
    'directory',
    { grant_type: 'password', username: 'member', password: 'password' },
    400,
    'unsupported_grant_type',
  ),
  refusedRequest(
    'unknown-code',
    'An unknown code is invalid_grant',
    'member',
    { grant_type: 'authorization_code', code: 'no-such-code', redirect_uri: 'https://client-app.invalid/' },
    400,
    'invalid_grant',
  ),
  refusedRequest(
    'foreign-scope',
    'A scope of another plan is invalid_scope',
    'directory',
    { grant_type: 'client_credentials', scope: 'patient/*.rs' },
    400,
    'invalid_scope',
  ),
  {
    id: 'introspection',
    title: 'Introspection tells an app about its token',
    needsApp: true,
    async run(subject) {
      const token = await subject.directoryToken();
      const { introspection_endpoint } = subject.endpoints;
      const answer = await subject.form(introspection_endpoint, { token }, subject.directory);
      demandStatus(answer, 200);
      const { active, scope, client_id, exp } = jsonOf(answer);
      demand(active === true, 'active is not true.');
      demand(scope === subject.directory.scope, `scope is ${String(scope)}.`);
      demand(client_id === subject.directory.client_id, `client_id is ${String(client_id)}.`);
      demand(typeof exp === 'number', 'exp is no number.');
    },
  },
  {
    id: 'introspection-of-rubbish',
    title: 'Introspection says of a text that is no token that it is not active, and no more',
    needsApp: true,
    async run(subject) {
      const { introspection_endpoint } = subject.endpoints;
      const answer = await subject.form(introspection_endpoint, { token: 'rubbish' }, subject.directory);
      demandStatus(answer, 200);
      const text = JSON.stringify(jsonOf(answer));
      demand(text === '{"active":false}', `The answer is ${text}.`);
    },
  },
  {
    id: 'revocation',
    title: 'A revoked access token is refused by the FHIR API and is not active',
    needsApp: true,
    async run(subject) {
      const token = await subject.directoryToken();
      demandStatus(await subject.fhir('Organization?_count=1', token), 200);
      const { revocation_endpoint, introspection_endpoint } = subject.endpoints;
      demandStatus(await subject.form(revocation_endpoint, { token }, subject.directory), 200);
      const known = jsonOf(await subject.form(introspection_endpoint, { token }, subject.directory));
      demand(known.active === false, 'Introspection says that the token is active.');
      await untilRefused(subject, token);
    },
  },
  {
    id: 'revocation-of-rubbish',
    title: 'The revocation of a text that is no token answers 200',
    needsApp: true,
    async run(subject) {
      const { revocation_endpoint } = subject.endpoints;
      demandStatus(await subject.form(revocation_endpoint, { token: 'rubbish' }, subject.directory), 200);
    },
  },
];

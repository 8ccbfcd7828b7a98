import type { PlatformAnswer } from '../../http/platform-http.js';
import { demand, demandStatus, type Check } from './check.js';
import { jsonOf, type Subject } from './subject.js';

function demandOutcome(answer: PlatformAnswer, ...statuses: number[]): void {
  demandStatus(answer, ...statuses);
  const { resourceType } = jsonOf(answer);
  demand(resourceType === 'OperationOutcome', `The answer is ${String(resourceType)}, no OperationOutcome.`);
}

/** A refusal of the token: 401 with a Bearer challenge (RFC 6750 §3). */
function demandNoToken(answer: PlatformAnswer): void {
  demandOutcome(answer, 401);
  demand(/^bearer/i.test(answer.headers['www-authenticate'] ?? ''), 'The answer has no Bearer challenge.');
}

const encoded = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url');

/** The token with another client_id in its claims, and the old signature. */
function altered(token: string): string {
  const [head, claims = '', signature] = token.split('.');
  const changed = {
    ...jsonOf({ status: 200, body: Buffer.from(claims, 'base64url').toString() }),
    jti: 'other',
  };
  return [head, encoded(changed), signature].join('.');
}

const withToken = (
  id: string,
  title: string,
  run: (subject: Subject, token: string) => Promise<void>,
): Check => ({
  id,
  title,
  needsApp: true,
  run: async (subject) => run(subject, await subject.directoryToken()),
});

/** Requests that the FHIR API must refuse. */
export const refusalChecks: readonly Check[] = [
  {
    id: 'no-token',
    title: 'A request for a member’s data without a token is 401 with a Bearer challenge',
    needsApp: false,
    async run(subject) {
      // The types of the directory may be open to everybody (SANDBOX_OPEN_DIRECTORY).
      for (const path of ['Patient', 'Patient/unknown', 'ExplanationOfBenefit?_count=1'])
        demandNoToken(await subject.fhir(path));
    },
  },
  {
    id: 'rubbish-token',
    title: 'A text that is no token is 401',
    needsApp: false,
    async run(subject) {
      demandNoToken(await subject.fhir('Patient', 'rubbish'));
    },
  },
  {
    id: 'unsigned-token',
    title: 'A token that is signed with no algorithm is 401',
    needsApp: false,
    async run(subject) {
      const { issuer: iss, fhirBaseUrl: aud } = subject.addresses;
      const exp = Math.floor(Date.now() / 1000) + 600;
      const claims = {
        iss,
        aud,
        exp,
        iat: exp - 600,
        sub: 'x',
        client_id: 'x',
        jti: 'x',
        scope: 'system/*.rs',
      };
      const token = `${encoded({ alg: 'none', typ: 'at+jwt' })}.${encoded(claims)}.`;
      demandNoToken(await subject.fhir('Practitioner?_count=1', token));
    },
  },
  withToken('altered-token', 'A token with changed claims is 401', async (subject, token) => {
    demandNoToken(await subject.fhir('Practitioner?_count=1', altered(token)));
  }),
  withToken('token-in-query', 'A token in the address is not taken', async (subject, token) => {
    demandNoToken(await subject.fhir(`Practitioner?_count=1&access_token=${token}`));
  }),
  withToken(
    'sandbox-token-in-production',
    'A token of the sandbox is 401 in production',
    async (subject, token) => {
      const answer = await subject.get(`${subject.otherFhirBaseUrl}/Practitioner?_count=1`, {
        accept: 'application/fhir+json',
        authorization: `Bearer ${token}`,
      });
      demandNoToken(answer);
    },
  ),
  withToken(
    'directory-token-reads-no-member',
    'A token of the directory is 403 for the types of members',
    async (subject, token) => {
      for (const type of ['Patient', 'Coverage', 'ExplanationOfBenefit'])
        demandOutcome(await subject.fhir(type, token), 403);
    },
  ),
  withToken('unknown-resource', 'A resource or type that is not there is 404', async (subject, token) => {
    for (const path of ['Practitioner/there-is-no-such-id', 'NoSuchType?_count=1'])
      demandOutcome(await subject.fhir(path, token), 404);
  }),
  withToken('invalid-value', 'A search with an invalid value is 400', async (subject, token) => {
    demandOutcome(await subject.fhir('Practitioner?_lastUpdated=yesterday', token), 400);
  }),
  withToken(
    'unknown-parameter',
    'An unknown parameter is 400 with handling=strict, and ignored with handling=lenient',
    async (subject, token) => {
      const path = 'Practitioner?no-such-parameter=x&_count=1';
      demandOutcome(await subject.fhir(path, token, { prefer: 'handling=strict' }), 400);
      demandStatus(await subject.fhir(path, token, { prefer: 'handling=lenient' }), 200);
    },
  ),
];

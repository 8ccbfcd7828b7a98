import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  agree,
  App,
  localMembers,
  patientAccessScope,
  PortalSession,
  type Credentials,
} from '@payer/journey';
import { startTestSystem, type TestSystem } from '@payer/journey/test-system';

const clients = join(import.meta.dirname, '../clients');
const python = (name: string) => [
  join(clients, 'python/.venv/bin/python'),
  join(clients, `python/${name}.py`),
];
const node = (name: string) => [process.execPath, join(clients, `node/${name}.mjs`)];
const java = [
  'java',
  '-cp',
  `${clients}/java/target/hapi-client.jar:${clients}/java/target/lib/*`,
  'org.payer.HapiClient',
];

/** Libraries that others wrote, unmodified, and the flows that each of them offers. */
const programs: [library: string, command: string[], flows: readonly ('patient' | 'directory')[]][] = [
  ['openid-client', node('openid-client-client'), ['patient', 'directory']],
  ['oauth4webapi', node('oauth4webapi-client'), ['patient', 'directory']],
  ['simple-oauth2 and fhir-kit-client', node('simple-oauth2-client'), ['patient', 'directory']],
  ['Authlib (Python)', python('authlib_client'), ['patient', 'directory']],
  ['requests-oauthlib (Python)', python('requests_oauthlib_client'), ['patient', 'directory']],
  ['fhirclient (Python)', python('fhirclient_client'), ['patient']],
  ['fhirpy (Python)', python('fhirpy_client'), ['directory']],
  ['HAPI client (Java), strict parser', java, ['patient', 'directory']],
];
const [member] = localMembers.sandbox;

describe('clients that others wrote', () => {
  let system: TestSystem;
  let health: App;
  let finder: App;

  beforeAll(async () => {
    system = await startTestSystem();
    const developer = await PortalSession.newDeveloper(system.addresses.portal);
    const app = (credentials: Credentials) => new App(system.addresses, 'sandbox', credentials);
    health = app(
      await developer.createApp('patient-access', {
        client_name: 'Client of others',
        redirect_uris: ['https://client-app.com/redirect'],
      }),
    );
    finder = app(await developer.createApp('provider-directory', { client_name: 'Finder of others' }));
  }, 180_000);
  afterAll(async () => {
    await system?.stop();
  }, 60_000);

  describe.each(programs)('%s', (_library, command, flows) => {
    if (flows.includes('patient'))
      it('connects, reads, refreshes, revokes, and is refused afterwards', async () => {
        const { access_token } = await health.connect(member);
        const { body } = await health.fhir(access_token, '/ExplanationOfBenefit?_summary=count');
        const results = await run(command, health, 'patient', patientAccessScope);
        expect(results).toEqual({ patient: member.patient, claims: body.total, after_revocation: 401 });
      }, 90_000);
    if (flows.includes('directory'))
      it('reads the provider directory, page by page', async () => {
        const scope = 'openid fhirUser system/*.rs';
        expect(await run(command, finder, 'directory', scope)).toEqual({ found: 2, next: 2 });
      }, 90_000);
  });
});

/**
 * Runs a client to its end and plays the member's browser for it.
 * @returns its results
 * @throws Error with its error output when it fails
 */
async function run(
  [program = '', ...args]: readonly string[],
  app: App,
  flow: string,
  scope: string,
): Promise<unknown> {
  const child = spawn(program, args, {
    env: {
      PATH: process.env.PATH,
      ISSUER: app.issuer,
      FHIR_BASE: app.fhirBase,
      CLIENT_ID: app.credentials.client_id,
      CLIENT_SECRET: app.credentials.client_secret,
      REDIRECT_URI: app.redirectUri,
      SCOPE: scope,
      FLOW: flow,
      // Both Python libraries insist on https except for tests on one machine.
      AUTHLIB_INSECURE_TRANSPORT: '1',
      OAUTHLIB_INSECURE_TRANSPORT: '1',
      // The directory's answer names fewer scopes than the page's request, as RFC 6749 §5.1 allows.
      OAUTHLIB_RELAX_TOKEN_SCOPE: '1',
    },
  });
  let errors = '';
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
  const ended = new Promise<number | null>((resolve, reject) =>
    child.on('error', reject).on('close', resolve),
  );
  let results: unknown;
  for await (const line of createInterface({ input: child.stdout })) {
    const message = JSON.parse(line) as { authorize?: string };
    if (message.authorize === undefined) results = message;
    else child.stdin.write(`${(await agree(app.browser(), message.authorize, member)).href}\n`);
  }
  const code = await ended;
  if (code !== 0) throw new Error(`${program} ended with ${code}: ${errors}`);
  return results;
}

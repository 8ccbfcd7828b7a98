import { parseArgs } from 'node:util';
import fc from 'fast-check';
import { App, localMembers, platformTeam, PortalSession } from '@payer/journey';
import { startTestSystem } from '@payer/journey/test-system';
import { services } from '@payer/local';
import { residentMemory, stopOnSignals } from '@payer/processes';
import { fhirRequests } from './fhir-requests.js';
import { oauthRequests } from './oauth-requests.js';
import { pageRequests } from './page-requests.js';
import { portalRequests } from './portal-requests.js';
import type { FuzzRequest } from './request.js';
import { outcomeOf } from './send.js';

const usage = `Sends unexpected requests to every public endpoint of a whole system.

  npm run fuzz -- [--requests 50000] [--seed 1] [--at-once 24]
`;
const { values } = parseArgs({
  options: {
    requests: { type: 'string', default: '50000' },
    seed: { type: 'string', default: '1' },
    'at-once': { type: 'string', default: '24' },
    help: { type: 'boolean', default: false },
  },
});
const [total, seed, atOnce] = [values.requests, values.seed, values['at-once']].map(Number);
if (values.help || !total || !atOnce || !Number.isInteger(seed)) {
  process.stderr.write(usage);
  process.exit(2);
}
/** A service may grow by this factor, and by this many MB, between the middle and the end of the run. */
const growth = { factor: 1.5, megabytes: 150 };
/** Requests that a busy machine may answer late once. A request that is late twice hangs. */
const lateAllowed = 5;
/** Requests of each portion: values are generated some at a time. */
const portion = 500;

/** Limits on guessing and on greed answer 429 before the code that this run is about. */
const unlimited = Object.fromEntries(
  [
    'AUTHORIZATION_LIMIT_PER_ADDRESS',
    'TOKEN_LIMIT_PER_ADDRESS',
    'TOKEN_LIMIT_PER_APP',
    'TOKEN_LIMIT_PER_MEMBER',
    'SIGN_UP_LIMIT_PER_ADDRESS',
    'APP_LIMIT_PER_ADDRESS',
    'APP_LIMIT_PER_DEVELOPER',
    'REGISTRATION_LIMIT_PER_ADDRESS',
    'RESET_LIMIT_PER_ADDRESS',
    'TRY_IT_LIMIT_PER_ADDRESS',
  ].map((name) => [name, '1000000/60']),
);

const system = await startTestSystem({ ...unlimited, LOG_LEVEL: 'warn' });
stopOnSignals(() => system.stop());
try {
  process.exitCode = (await run()) ? 0 : 1;
} finally {
  await system.stop();
}

async function run(): Promise<boolean> {
  const kinds = await requestsOfAllKinds();
  const [member] = localMembers.sandbox;
  const counts = new Map<string, number>();
  const failures: string[] = [];
  let slowest = 0;
  const late: string[] = [];
  const halfway = new Map<string, number>();
  const begun = Date.now();
  for (let sent = 0; sent < total!;) {
    const pending: FuzzRequest[] = fc.sample(fc.oneof(...kinds), { numRuns: portion, seed: seed! + sent });
    sent += portion;
    await Promise.all(
      Array.from({ length: atOnce! }, async () => {
        for (let request = pending.pop(); request; request = pending.pop()) {
          const first = await outcomeOf(request);
          // A busy machine is late now and then; a request that hangs is late again.
          const outcome = first?.late ? await outcomeOf(request) : first;
          if (first?.late) late.push(JSON.stringify(request).slice(0, 1500));
          slowest = Math.max(slowest, first?.milliseconds ?? 0);
          const key = outcome ? `${Math.floor(outcome.status / 100)}xx` : 'not sent';
          counts.set(key, (counts.get(key) ?? 0) + 1);
          if (outcome?.broken)
            failures.push(`${outcome.broken}\n    ${JSON.stringify(request).slice(0, 1500)}`);
        }
      }),
    );
    if (halfway.size === 0 && sent >= total! / 2)
      for (const [name, size] of memory()) halfway.set(name, size);
    if (sent % 10_000 === 0) process.stdout.write(`${sent} requests, ${failures.length} failures\n`);
  }
  for (const [name, size] of memory()) {
    const before = halfway.get(name)!;
    process.stdout.write(`${name}: ${before.toFixed(0)} MB halfway, ${size.toFixed(0)} MB at the end\n`);
    if (size > before * growth.factor && size > before + growth.megabytes)
      failures.push(`${name} grew from ${before} to ${size} MB`);
  }
  if (late.length > lateAllowed)
    failures.push(`${late.length} requests were late once:\n    ${late.join('\n    ')}`);
  // The system still works for a member.
  const developer = await PortalSession.newDeveloper(system.addresses.portal);
  const credentials = await developer.createApp('patient-access', {
    client_name: 'Afterwards',
    redirect_uris: ['https://client-app.com/redirect'],
  });
  await new App(system.addresses, 'sandbox', credentials).connect(member);
  for (const failure of failures.slice(0, 40)) process.stdout.write(`FAILED ${failure}\n`);
  const seconds = (Date.now() - begun) / 1000;
  const statuses = [...counts]
    .sort()
    .map(([key, count]) => `${key} ${count}`)
    .join(', ');
  process.stdout.write(
    `${total} requests in ${seconds.toFixed(0)} s (seed ${seed}): ${statuses}; slowest answer ${slowest.toFixed(0)} ms; ${late.length} late once; ${failures.length} failures\n`,
  );
  return failures.length === 0;
}

function memory(): [name: string, megabytes: number][] {
  return services.map(({ name }) => [name, residentMemory(system.running.pid(name)!).now]);
}

async function requestsOfAllKinds(): Promise<fc.Arbitrary<FuzzRequest>[]> {
  const { portal, consent, authServer } = system.addresses;
  const [member] = localMembers.sandbox;
  const developer = await PortalSession.newDeveloper(portal);
  const platform = await PortalSession.signIn(portal, platformTeam.email, platformTeam.password);
  const health = new App(
    system.addresses,
    'sandbox',
    await developer.createApp('patient-access', {
      client_name: 'Fuzz',
      redirect_uris: ['https://client-app.com/redirect'],
    }),
  );
  const finder = new App(
    system.addresses,
    'sandbox',
    await developer.createApp('provider-directory', { client_name: 'Fuzz finder' }),
  );
  const patient = await health.connect(member);
  const directory = (await finder.clientCredentials()).body.access_token;
  // The fuzz revokes and spends tokens; the tokens of its valid requests come from another grant.
  const spent = await health.connect(localMembers.sandbox[1]);
  const tokens = [spent.access_token, spent.refresh_token ?? '', spent.id_token ?? '', 'a.b.c'];
  return [
    await fhirRequests(system.addresses.fhir.sandbox, [
      patient.access_token,
      patient.access_token,
      directory,
      'a.b.c',
      '',
    ]),
    await oauthRequests(health, tokens),
    await portalRequests(
      portal,
      [developer.token, platform.token, 'nobody', ''],
      [health.credentials.client_id, finder.credentials.client_id, patient.patient ?? '1'],
    ),
    pageRequests([
      ...[
        '',
        'sign-in',
        'sign-up',
        'apps/new',
        'docs/',
        'docs/search',
        'try-it',
        'forgot-password',
        'platform/apps',
        'platform/audit',
      ].map((path) => `${portal}/${path}`),
      ...[
        '',
        'sandbox/',
        'sandbox/consent',
        'sandbox/sign-in',
        'sandbox/api/grants',
        'production/',
        'choosing-an-app',
      ].map((path) => `${consent}/${path}`),
      ...[
        '',
        'sandbox/sign-in',
        'sandbox/interaction/x',
        'sandbox/consent',
        'sandbox/nowhere',
        'production/authorize',
      ].map((path) => `${authServer}/${path}`),
    ]),
  ];
}

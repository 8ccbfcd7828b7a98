import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { App, addressesFromVariables, localMembers, PortalSession } from '@payer/journey';
import { startKafka, type RunningKafka } from '@payer/kafka';
import { repositoryRoot, services, startSystem, type Ports, type RunningSystem } from '@payer/local';
import { freePort } from '@payer/postgres';
import { stopOnSignals } from '@payer/processes';
import { deadLetterCount, duplicatesApplied, grantsAtConsent, lostEvents, waitingEvents } from './checks.js';
import { endAppAgainAndAgain } from './app-ends.js';
import { endKinds, endsAtAuthServer, endsGrant, tokenId } from './ends.js';
import { loggedErrors } from './error-logs.js';
import { faults, random } from './faults.js';
import { Storyteller, Tally, type Story } from './story.js';

const usage = `Breaks a running system for minutes and checks the promise on revocation.

  npm run storm -- [--minutes 10 | --rounds 1] [--transport kafka|postgres] [--bound 10] [--seed 1] [--members 16]
                   [--faults TEXT]

With --rounds it lasts until everything has been broken that often; --faults is a regular
expression for the names of the faults.
`;
const pause = (seconds: number) => new Promise((resolve) => setTimeout(resolve, seconds * 1000));

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    rounds: { type: 'string' },
    transport: { type: 'string', default: 'kafka' },
    bound: { type: 'string', default: '10' },
    seed: { type: 'string', default: '1' },
    members: { type: 'string', default: '16' },
    faults: { type: 'string', default: '' },
    help: { type: 'boolean', default: false },
  },
});
if (values.help || !['kafka', 'postgres'].includes(values.transport)) {
  process.stderr.write(usage);
  process.exit(2);
}
const rounds = values.rounds === undefined ? undefined : Number(values.rounds);
const minutes = rounds === undefined ? Number(values.minutes) : undefined;
const bound = Number(values.bound);
const startedAt = Date.now();
const say = (line: string) =>
  process.stdout.write(`${((Date.now() - startedAt) / 1000).toFixed(0).padStart(4)} s  ${line}\n`);

const directory = mkdtempSync(join(tmpdir(), 'payer-storm-'));
chmodSync(directory, 0o755);
let kafka: RunningKafka | undefined;
let started: RunningSystem | undefined;
async function stopAll(): Promise<void> {
  await started?.stop();
  await kafka?.stop();
  rmSync(directory, { recursive: true, force: true });
}
stopOnSignals(stopAll);
if (values.transport === 'kafka')
  kafka = await startKafka({ port: await freePort(), dataDirectory: join(directory, 'kafka'), log: say });
const broker = kafka && {
  current: () => kafka!,
  async restart(down: number) {
    const { port, dataDirectory } = kafka!;
    await kafka!.stop();
    await pause(down);
    kafka = await startKafka({ port, dataDirectory });
  },
};

const ports = { postgres: await freePort() } as Ports;
for (const { name } of services) ports[name] = await freePort();
const system = (started = await startSystem({
  ports,
  dataDirectory: directory,
  replicas: 2,
  restart: true,
  variables: {
    LOG_LEVEL: 'warn',
    EVENT_TRANSPORT: values.transport,
    ...(kafka ? { KAFKA_BROKERS: kafka.brokers } : {}),
    REVOCATION_MAX_STALENESS: String(bound),
    GRANT_STATUS_CACHE_SECONDS: '2',
    HEARTBEAT_INTERVAL_MS: '1000',
  },
  postgresSettings: { fsync: 'off' },
  say: (line) => {
    if (/does not start/.test(line)) say(line);
  },
}));
const addresses = addressesFromVariables(system.variables);
const transport = {
  EVENT_TRANSPORT: values.transport as 'kafka' | 'postgres',
  EVENTS_DATABASE_URL: system.databaseUrl('events'),
  ...(kafka ? { KAFKA_BROKERS: kafka.brokers } : {}),
};
const developer = await PortalSession.newDeveloper(addresses.portal);
const credentials = await developer.createApp('patient-access', {
  client_name: 'Storm',
  redirect_uris: ['https://client-app.com/redirect'],
});
const app = new App(addresses, 'sandbox', credentials);
say(
  `two replicas of every service on ${values.transport}, bound ${bound} s, ${minutes ? `${minutes} minutes` : `everything broken ${rounds} times`}`,
);

const tally = new Tally();
const ended: Story[] = [];
const live: { story: Story; teller: Storyteller }[] = [];
const begun = Date.now();
let end = minutes === undefined ? Infinity : begun + minutes * 60_000;
// After the storm there is time to see the last refusals.
const isOver = () => Date.now() > end + 90_000;
const chance = random(Number(values.seed));

const tellers = Array.from({ length: Number(values.members) }, (_, i) => {
  const member = localMembers.sandbox[i % localMembers.sandbox.length]!;
  return new Storyteller(app, member, tally, isOver);
});
const stories = tellers.map(async (teller, i) => {
  await pause(i * 0.1);
  while (Date.now() < end) {
    const story = await teller.connect(endKinds[Math.floor(chance() * endKinds.length)]!);
    if (!story) return;
    for (const until = Date.now() + 500 + chance() * 2500; Date.now() < until;) {
      await teller.use(story);
      await pause(0.1);
    }
    if (chance() < 0.1 && live.length < 150) {
      live.push({ story, teller });
      continue;
    }
    // The app keeps sending requests while the member's click is being processed.
    let isRefused = false;
    const asking = (async () => {
      while (story.endedAt === undefined && !isOver()) {
        const start = Date.now();
        const before = tally.violations.length;
        if ((await teller.use(story)) === 'refused') {
          // The refusal came while consent's answer was on its way to the member, so the grant was no longer
          // active.
          tally.violations.splice(before);
          isRefused = true;
          story.firstRefusal ??= start;
        }
        await pause(0.02);
      }
    })();
    await teller.end(story, addresses.consent);
    await asking;
    ended.push(story);
    if (!isRefused || (endsGrant(story.kind) && !story.refreshRefused)) await teller.expectRefused(story);
  }
});
const watch = (async () => {
  while (Date.now() < end) {
    for (const { story, teller } of [...live]) {
      await teller.use(story);
      if (Date.now() > end) return;
    }
    await pause(1);
  }
})();

// The developer keeps changing the app, so that app events are part of the storm.
const changes = (async () => {
  for (let change = 1; Date.now() < end; change++) {
    await developer
      .call('PATCH', `/api/apps/${credentials.client_id}`, { client_name: `Storm ${change}` })
      .catch((error: { cause?: { code?: string }; name: string }) =>
        tally.miss(`portal: ${error.cause?.code ?? error.name}`),
      );
    await pause(0.5);
  }
})();

// The platform team's emergency brake, and a developer who replaces a leaked secret.
const platform = await PortalSession.signIn(addresses.portal, 'platform@example.org', 'platform-password');
const braked = new App(
  addresses,
  'sandbox',
  await developer.createApp('provider-directory', {
    client_name: 'Braked',
    redirect_uris: ['https://client-app.com/redirect'],
  }),
);
const appEnds = endAppAgainAndAgain({
  platform,
  developer,
  app: braked,
  tally,
  boundSeconds: bound,
  isOver: () => Date.now() > end,
});

const struck = new Map<string, number>();
const possible = faults({
  system,
  broker,
  bound,
  chance,
  eventsDatabaseUrl: system.databaseUrl('events'),
}).filter(({ name }) => new RegExp(values.faults).test(name));
if (possible.length === 0) throw new Error(`no fault has a name like ${values.faults}`);
let queue: typeof possible = [];
let round = 0;
await pause(5);
while (Date.now() < end - 20_000) {
  if (queue.length === 0) {
    if (round === rounds) break;
    round += 1;
    queue = possible
      .map((fault) => [chance(), fault] as const)
      .sort((a, b) => a[0] - b[0])
      .map(([, fault]) => fault);
  }
  const fault = queue.pop()!;
  say(
    `${fault.name}  (${ended.length} ended, ${live.length} kept, ${tally.served.requests} answers, ${tally.violations.length} violations)`,
  );
  struck.set(fault.name, (struck.get(fault.name) ?? 0) + 1);
  await fault.strike();
  await pause(rounds === undefined ? 2 + chance() * 4 : 1 + chance());
}
if (rounds !== undefined) end = Date.now() + 3000;
say('the storm is over; waiting until every story has ended');
await Promise.all([...stories, watch, changes]);
const endsOfApp = await appEnds;
for (const { name } of services) for (const replica of [0, 1]) await system.ready(name, 180_000, replica);
await pause(5);

for (const { story, teller } of live)
  for (let attempt = 0; attempt < 4; attempt++) {
    const outcome = await teller.use(story);
    if (outcome !== 'served')
      tally.violations.push(`after the storm: live grant ${story.grantId}: ${outcome}`);
  }
const grants = await grantsAtConsent(system);
const ends = await endsAtAuthServer(system);
const lateness = { start: [] as number[], end: [] as number[] };
let unfinished = 0;
for (const story of ended) {
  const atConsent = grants.get(story.grantId)?.endedAt;
  if (endsGrant(story.kind) && typeof atConsent !== 'number') {
    tally.violations.push(`consent does not know the end of ${story.grantId} (${story.kind})`);
    continue;
  }
  const own = ends.get(endsGrant(story.kind) ? story.grantId : tokenId(story.token.access_token));
  const endedAt = story.kind === 'disconnect' ? atConsent : own;
  if (typeof endedAt !== 'number') {
    tally.violations.push(`its owner does not know the end of ${story.grantId} (${story.kind})`);
    continue;
  }
  if (story.firstRefusal === undefined || (endsGrant(story.kind) && !story.refreshRefused)) unfinished += 1;
  if (story.lastServed) {
    lateness.start.push(Math.max(0, story.lastServed.start - endedAt));
    lateness.end.push(Math.max(0, story.lastServed.end - endedAt));
  }
}
for (const late of lateness.start)
  if (late > bound * 1000) tally.violations.push(`served ${late} ms after the end of its grant`);
if (unfinished > 0) tally.violations.push(`${unfinished} ended grants were not seen refused`);
const lost = await lostEvents(system);
const waiting = await waitingEvents(system);
const deadLetters = await deadLetterCount(transport);
say('replaying the whole log');
const duplicates = await duplicatesApplied(system, transport);

const at = (sorted: number[], share: number) =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
const sorted = lateness.start.sort((a, b) => a - b);
const result = {
  transport: values.transport,
  minutes: Math.round((end - begun) / 6000) / 10,
  boundSeconds: bound,
  grantsMade: grants.size,
  grantsRevoked: [...grants.values()].filter(({ endedAt }) => endedAt !== null).length,
  grantsLive: live.length,
  ends: Object.fromEntries(
    endKinds.map((kind) => [kind, ended.filter((story) => story.kind === kind).length]),
  ),
  endsOfApp,
  answersWithData: tally.served.requests,
  millisecondsFromEndToLastRequestServed: {
    p50: at(sorted, 0.5),
    p99: at(sorted, 0.99),
    latest: at(sorted, 1),
    latestByEndOfAnswer: Math.max(0, ...lateness.end),
  },
  eventsLost: lost.length,
  lost: lost.slice(0, 20),
  eventsWaiting: waiting,
  duplicatesApplied: duplicates.length,
  changedByReplay: duplicates.slice(0, 20),
  deadLetters,
  interruptedAuthorizations: tally.interruptedAuthorizations,
  requestsWithoutAnswer: Object.fromEntries(tally.unavailable),
  loggedErrors: loggedErrors(join(directory, 'logs')),
  faults: Object.fromEntries(struck),
  violations: tally.violations.slice(0, 50),
};
process.stdout.write(`${JSON.stringify(result, null, 2)}\n`);
const results = join(repositoryRoot, '.data', 'storm');
mkdirSync(results, { recursive: true });
writeFileSync(join(results, `${values.transport}.json`), `${JSON.stringify(result, null, 2)}\n`);
await stopAll();
const failed = tally.violations.length + lost.length + waiting + duplicates.length + deadLetters;
process.stdout.write(failed === 0 ? 'The promise held.\n' : `The promise did NOT hold: ${failed}.\n`);
process.exit(failed === 0 ? 0 : 1);

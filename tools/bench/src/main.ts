import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { repositoryRoot } from '@payer/local';
import { audit } from './audit.js';
import { costOfCompression } from './compression.js';
import { startBenchSystem } from './environment.js';
import { memoryOf, readAndSearch } from './fhir.js';
import { aim, greedy } from './greedy/greedy.js';
import { withoutTokenLimits } from './live-tokens.js';
import { loader, type LoaderFigures } from './loader.js';
import { keepSmall, latencyBySize } from './latency-by-size.js';
import { revocation } from './revocation.js';
import { table } from './table.js';
import { tokenRequests } from './tokens/tokens.js';

const usage = `Measures this system against floors measured beside it, on the same machine in the same run.

  npm run bench -- [--only fhir|loader|compression|tokens|revocation|greedy|audit] [--records N] [--large]
               [--transport postgres|kafka|both] [--rounds N] [--seconds N] [--kind TEXT]
               [--tokens N] [--algorithm RS256|ES256]

  fhir         reads and searches as a share of a bare handler's throughput, with 10,000 live tokens and many URLs;
               the loader as a share of COPY; memory
  loader       the loader as a share of COPY, alone
  compression  processor time of a compressed answer, as a multiple of the plain one's
  tokens       token requests, introspections and whole code flows as a share of a bare oidc-provider with its
               memory adapter and RS256, in turn; commits of PostgreSQL for each; stored tokens
  revocation   from a member's click to the first refusal; events per second; approval to first production answer;
               what a million revocations in memory cost
  greedy       the p99 of other apps' requests with a greedy app beside them, for each kind of greed, as a multiple of the
               control: the same greedy client asks another server
  audit        the platform team's questions, with 100,000, 1,000,000 and N records of data access (5,000,000)
  --rounds     measurements of each kind of greed (5), each twice --seconds (3)
  --kind       only the requests (fhir) or kinds of greed (greedy) whose name contains the text
  --tokens     compare the memory with 100,000 stored refresh tokens with that with N, and refresh while expired
               rows go (0: not at all)
  --algorithm  signs access tokens, as ACCESS_TOKEN_ALGORITHM (the service's default when absent)
  --large      the p99 of each request with 1,000,000 resources beside that with 10,000, in turn (adds minutes)

Writes JSON under .data/bench/.
`;
const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    large: { type: 'boolean', default: false },
    records: { type: 'string', default: '5000000' },
    transport: { type: 'string', default: 'postgres' },
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '3' },
    kind: { type: 'string', default: '' },
    tokens: { type: 'string', default: '0' },
    algorithm: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});
if (
  values.help ||
  (values.only &&
    !['fhir', 'loader', 'compression', 'tokens', 'revocation', 'greedy', 'audit'].includes(values.only)) ||
  !['postgres', 'kafka', 'both'].includes(values.transport)
) {
  process.stderr.write(usage);
  process.exit(2);
}
const say = (line: string) => process.stderr.write(`${line}\n`);
const results: Record<string, unknown> = {
  at: new Date().toISOString(),
  node: process.version,
  cpus: cpus().length,
  loadBefore: loadavg()[0],
};
if (loadavg()[0]! > 1)
  say(
    `The machine is busy (load ${loadavg()[0]!.toFixed(1)}): shares hold roughly, absolute figures do not.`,
  );

/**
 * Throughput is measured over TCP: outside this machine the database has another one. A Unix socket makes the
 * floor faster by more than the API.
 */
const asDeployed = { databaseOverTcp: true };

/** A load of few resources. */
const small = 'small, mostly the start of its process';
const smallSize = { members: 90, practices: 300, seed: 7 };
const mediumSize = { members: 900, practices: 1000, seed: 9 };

async function fhir(): Promise<void> {
  const bench = await startBenchSystem({ variables: withoutTokenLimits, ...asDeployed });
  try {
    say('loading about 10,000 resources …');
    const loaded = await loader(bench, smallSize);
    const requests = await readAndSearch(bench, say, values.kind);
    const memory = memoryOf(bench);
    if (values.large) await keepSmall(bench);
    say('loading about 127,000 resources …');
    const medium = await loader(bench, mediumSize);
    const loads: Record<string, LoaderFigures> = { [small]: loaded, medium };
    let bySize: Awaited<ReturnType<typeof latencyBySize>> | undefined;
    if (values.large) {
      say('loading about 1,000,000 resources …');
      loads.large = await loader(bench, { members: 9000, practices: 5000, seed: 8 });
      bySize = await latencyBySize(bench, say);
    }
    Object.assign(results, { fhir: { loader: loads, requests, memory, bySize } });
    process.stdout.write(
      table(
        ['request', 'per second', 'floor', 'share', 'reach', 'by processor time', 'ms', 'p50 ms', 'p99 ms'],
        requests.map((row) => [
          row.what,
          row.served.toFixed(0),
          row.floor.toFixed(0),
          row.share.toFixed(2),
          `≥ ${row.reach}`,
          row.processorShare.toFixed(2),
          row.processorTime.toFixed(3),
          row.p50.toFixed(1),
          row.p99.toFixed(1),
        ]),
      ),
    );
    if (bySize)
      process.stdout.write(
        table(
          ['request', 'p99 ms small', 'p99 ms large', 'times', 'reach'],
          bySize.requests.map(({ what, p99Small, p99Large, times }) => [
            what,
            p99Small.toFixed(1),
            p99Large.toFixed(1),
            times.toFixed(2),
            '≤ 1.5',
          ]),
        ),
      );
    showLoads(loads);
    const peak = Math.max(memory.peak, bySize?.peakMemory ?? 0);
    process.stdout.write(`fhir-api: ${peak.toFixed(0)} MiB resident at most (reach ≤ 256)\n\n`);
  } finally {
    await bench.stop();
  }
}

function showLoads(loads: Record<string, LoaderFigures>): void {
  process.stdout.write(
    table(
      ['loader', 'resources', 'per second', 'COPY per second', 'share', 'by processor time', 'reach'],
      Object.entries(loads).map(([name, row]) => [
        name,
        String(row.resources),
        row.perSecond.toFixed(0),
        row.copyPerSecond.toFixed(0),
        row.share.toFixed(2),
        row.processorShare.toFixed(2),
        '≥ 0.25',
      ]),
    ),
  );
}

/** The loader alone, without requests. */
async function loads(): Promise<void> {
  const bench = await startBenchSystem(asDeployed);
  try {
    say('loading about 10,000 resources …');
    const figures = {
      [small]: await loader(bench, smallSize),
      medium: await loader(bench, mediumSize),
    };
    results.loader = figures;
    showLoads(figures);
  } finally {
    await bench.stop();
  }
}

async function compression(): Promise<void> {
  const bench = await startBenchSystem();
  try {
    say('loading about 10,000 resources …');
    await loader(bench, smallSize);
    const figures = await costOfCompression(bench, say);
    results.compression = figures;
    process.stdout.write(
      table(
        ['request', 'client', 'coding', 'plain kB', 'kB', 'plain ms', 'ms', 'times', 'reach'],
        figures.map((row) => [
          row.what,
          row.client,
          row.coding,
          (row.plainBytes / 1000).toFixed(1),
          (row.compressedBytes / 1000).toFixed(1),
          row.plain.toFixed(2),
          row.compressed.toFixed(2),
          row.times.toFixed(2),
          '≤ 1.3',
        ]),
      ),
    );
  } finally {
    await bench.stop();
  }
}

async function besideGreedyApp(): Promise<void> {
  const bench = await startBenchSystem();
  try {
    say('loading about 10,000 resources …');
    await loader(bench, smallSize);
    const options = { rounds: Number(values.rounds), seconds: Number(values.seconds), kind: values.kind };
    const figures = await greedy(bench, options, say);
    results.greedy = figures;
    process.stdout.write(
      table(
        [
          'greedy app',
          'request of another app',
          'p99 ms control',
          'beside',
          'times',
          '90 % between',
          `reach ≤ ${aim}`,
        ],
        figures.map((row) => [
          row.greedy,
          row.what,
          row.p99Control.toFixed(1),
          row.p99Beside.toFixed(1),
          row.times.toFixed(2),
          `${row.low.toFixed(2)} and ${row.high.toFixed(2)}`,
          row.what === 'floor' ? '' : row.verdict,
        ]),
      ),
    );
  } finally {
    await bench.stop();
  }
}

async function questions(): Promise<void> {
  const bench = await startBenchSystem();
  try {
    const most = Number(values.records);
    const sizes = [...[100_000, 1_000_000].filter((size) => size < most), most];
    const measured = await audit(bench, sizes, say);
    Object.assign(results, { audit: measured });
    process.stdout.write(
      table(
        ['question, ms (times a look-up by primary key)', ...sizes.map((size) => size.toLocaleString('en'))],
        [
          ...measured[0]!.questions.map(({ what }, row) => [
            what,
            ...measured.map(
              ({ questions: asked }) => `${asked[row]!.ms.toFixed(1)} (${asked[row]!.times.toFixed(0)})`,
            ),
          ]),
          ['floor: look-up by primary key', ...measured.map(({ floor }) => floor.toFixed(2))],
          [
            'records written a second',
            ...measured.map(({ writtenPerSecond }) => writtenPerSecond.toFixed(0)),
          ],
        ],
      ),
    );
  } finally {
    await bench.stop();
  }
}

const isAsked = (part: string) => values.only === undefined || values.only === part;
if (isAsked('fhir')) await fhir();
// `fhir` measures it, too.
if (values.only === 'loader') await loads();
if (isAsked('compression')) await compression();
if (isAsked('tokens'))
  results.tokens = await tokenRequests(
    {
      seconds: Number(values.seconds),
      tokens: Number(values.tokens),
      variables: values.algorithm ? { ACCESS_TOKEN_ALGORITHM: values.algorithm } : {},
    },
    say,
  );
if (isAsked('greedy')) await besideGreedyApp();
if (isAsked('audit')) await questions();
if (isAsked('revocation'))
  for (const transport of values.transport === 'both' ? ['postgres', 'kafka'] : [values.transport])
    results[`revocation over ${transport}`] = await revocation(transport as 'postgres' | 'kafka', say);

const directory = join(repositoryRoot, '.data', 'bench');
mkdirSync(directory, { recursive: true });
const file = join(directory, `${new Date().toISOString().replaceAll(':', '-')}.json`);
writeFileSync(file, `${JSON.stringify(results, null, 2)}\n`);
process.stdout.write(`Written to ${file}\n`);

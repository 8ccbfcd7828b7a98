import { startBenchSystem, type BenchSystem } from '../environment.js';
import { withoutTokenLimits } from '../live-tokens.js';
import { median } from '../load-generator.js';
import { table } from '../table.js';
import { commitsDuring, idleCommits, idleWrites, perUnit, type CommitCount } from './commits.js';
import { send, storedTokens, type StoredTokens } from './stored-tokens.js';
import { bareTarget, ownTarget, type RequestKind, type Requests, type Target } from './token-requests.js';

const connections = 16;
/** An odd number: each round measures both systems, and the median of the shares counts. */
const rounds = 3;
const idleSeconds = 20;

interface Kind {
  kind: RequestKind;
  what: string;
  /** Least share of the bare engine's rate. */
  reach?: number;
  /** The most commits of PostgreSQL for one request, over all services. */
  commitsReach: number;
  /** Requests for counting commits. */
  counted: number;
}

const kinds: readonly Kind[] = [
  { kind: 'clientCredentials', what: 'client credentials', reach: 1, commitsReach: 1, counted: 2000 },
  { kind: 'refresh', what: 'refresh', reach: 0.8, commitsReach: 4, counted: 1000 },
  { kind: 'introspection', what: 'introspection', commitsReach: 1, counted: 2000 },
  { kind: 'codeFlow', what: 'whole code flow', commitsReach: 25, counted: 50 },
];

export interface TokenOptions {
  /** Seconds of each measurement. */
  seconds: number;
  /** See {@link storedTokens}; 0: not at all. */
  tokens: number;
  /** Environment variables of the system, such as the algorithm of access tokens. */
  variables?: Record<string, string>;
}

/**
 * Token requests a second as a share of the bare engine's, commits of each, and memory. PostgreSQL has the
 * settings of `npm start`.
 */
export async function tokenRequests(options: TokenOptions, say: (line: string) => void) {
  const bench = await startBenchSystem({ variables: { ...withoutTokenLimits, ...options.variables } });
  const bare = await bareTarget();
  const stopBare = () => bare.stop();
  process.on('exit', stopBare);
  try {
    const own = await ownTarget(bench);
    say('counting the commits of an idle system …');
    const idle = await idleCommits(bench, idleSeconds);
    const writes = await idleWrites(bench, idleSeconds);
    const rows = [];
    for (const row of kinds) {
      say(`${row.what} …`);
      rows.push({ ...row, ...(await compare(own, bare, row.kind, options.seconds)) });
    }
    const commits: Record<string, CommitCount> = {};
    for (const { kind, what, counted } of kinds) {
      say(`commits: ${what} …`);
      commits[kind] = await commitsOf(bench, own, kind, counted, idle);
    }
    const stored =
      options.tokens > 0
        ? await withConnections(own, connections, (all) => storedTokens(bench, all, options.tokens, say))
        : undefined;
    print(rows, commits, { idle, writes }, stored);
    return { rows, commits, idle, writes, stored };
  } finally {
    process.off('exit', stopBare);
    stopBare();
    await bench.stop();
  }
}

/** Rates of both systems, measured in turn. */
async function compare(own: Target, bare: Target, kind: RequestKind, seconds: number) {
  const results: { own: number; bare: number; share: number }[] = [];
  for (let round = 0; round < rounds; round++) {
    const ownRate = await rate(own, kind, seconds);
    const bareRate = await rate(bare, kind, seconds);
    results.push({ own: ownRate, bare: bareRate, share: ownRate / bareRate });
  }
  const of = (name: 'own' | 'bare' | 'share') => median(results.map((result) => result[name]));
  return { own: of('own'), bare: of('bare'), share: of('share') };
}

/**
 * Requests a second over some connections. Each connection sends one request before the time begins, one
 * after another: a sign-in takes long, and many at once on a busy machine find no free connection to the
 * database.
 */
async function rate(target: Target, kind: RequestKind, seconds: number): Promise<number> {
  return withConnections(target, connections, async (all) => {
    await sendOneEach(all, kind);
    const end = performance.now() + seconds * 1000;
    const startedAt = performance.now();
    let done = 0;
    await Promise.all(
      all.map(async (connection) => {
        while (performance.now() < end) {
          await connection[kind]();
          done += 1;
        }
      }),
    );
    return done / ((performance.now() - startedAt) / 1000);
  });
}

async function sendOneEach(all: readonly Requests[], kind: RequestKind): Promise<void> {
  for (const connection of all) await connection[kind]();
}

async function commitsOf(
  bench: BenchSystem,
  own: Target,
  kind: RequestKind,
  count: number,
  idle: CommitCount,
): Promise<CommitCount> {
  return withConnections(own, connections, async (all) => {
    await sendOneEach(all, kind);
    const startedAt = performance.now();
    const counted = await commitsDuring(bench, () => send(all, kind, count));
    // Only the wait after the requests belongs to the counted time, as in the idle system.
    const seconds = (performance.now() - startedAt) / 1000 - 11;
    return perUnit(counted, count, { rate: idle, seconds });
  });
}

async function withConnections<Result>(
  target: Target,
  count: number,
  work: (all: readonly Requests[]) => Promise<Result>,
): Promise<Result> {
  const all = Array.from({ length: count }, () => target.connect());
  try {
    return await work(all);
  } finally {
    for (const connection of all) connection.close();
  }
}

function print(
  rows: readonly (Kind & { own: number; bare: number; share: number })[],
  commits: Record<string, CommitCount>,
  { idle, writes }: { idle: CommitCount; writes: number },
  stored: StoredTokens | undefined,
): void {
  process.stdout.write(
    table(
      ['request', 'per second', 'bare engine', 'share', 'reach', 'commits', 'reach'],
      rows.map(({ kind, what, own, bare, share, reach, commitsReach }) => [
        what,
        own.toFixed(0),
        bare.toFixed(0),
        share.toFixed(2),
        reach === undefined ? '' : `≥ ${reach}`,
        commits[kind]!.total.toFixed(1),
        `≤ ${commitsReach}`,
      ]),
    ),
  );
  const perDatabase = ({ byDatabase }: CommitCount) =>
    Object.entries(byDatabase)
      .filter(([, count]) => count >= 0.05)
      .map(([name, count]) => `${name} ${count.toFixed(1)}`)
      .join(', ');
  for (const { kind, what } of rows)
    process.stdout.write(`commits of ${what}: ${perDatabase(commits[kind]!)}\n`);
  process.stdout.write(
    `idle: ${idle.total.toFixed(1)} commits a second, ${writes.toFixed(1)} of them wrote: ${perDatabase(idle)}\n`,
  );
  for (const { tokens, resident } of stored?.memory ?? [])
    process.stdout.write(
      `auth-server with ${tokens.toLocaleString('en')} stored tokens: ${resident.toFixed(0)} MiB resident\n`,
    );
  if (stored) {
    const { rows, p99Before, p99During, longestDuring } = stored.removal;
    process.stdout.write(
      `p99 of a refresh while ${rows.toLocaleString('en')} expired rows go: ${p99During.toFixed(0)} ms ` +
        `(longest ${longestDuring.toFixed(0)}); before: ${p99Before.toFixed(0)} ms\n`,
    );
  }
  process.stdout.write('\n');
}

import { setTimeout as pause } from 'node:timers/promises';
import { residentMemory } from '@payer/processes';
import { query, type BenchSystem } from '../environment.js';
import type { Requests } from './token-requests.js';

/** Stored refresh tokens at the first look at the memory. */
const firstTokens = 100_000;
/** Rows of one INSERT. */
const insertedAtOnce = 50_000;
/** Token requests before each look, of each kind. */
const requests = { clientCredentials: 5000, refresh: 2000 };
/** The most milliseconds until the service has removed the expired rows. It begins once a minute. */
const longestRemoval = 240_000;

export interface StoredTokens {
  /** Resident memory of auth-server, in MiB, by the number of stored refresh tokens. */
  memory: { tokens: number; resident: number }[];
  /** Milliseconds of a refresh: before, and while the service removes as many expired rows. */
  removal: { rows: number; p99Before: number; p99During: number; longestDuring: number };
}

/**
 * What stored tokens cost auth-server. The tokens are copies of a real one in the database, because the
 * memory of the process must depend neither on the rows nor on the requests before.
 */
export async function storedTokens(
  bench: BenchSystem,
  all: readonly Requests[],
  most: number,
  say: (line: string) => void,
): Promise<StoredTokens> {
  const database = bench.system.databaseUrl('auth_server');
  const pid = bench.system.pid('auth-server')!;
  const memory: StoredTokens['memory'] = [];
  let stored = 0;
  for (const tokens of [Math.min(firstTokens, most), most]) {
    say(`memory with ${tokens.toLocaleString('en')} stored tokens …`);
    await copyToken(database, `live ${stored}`, tokens - stored, '1 year');
    stored = tokens;
    await send(all, 'clientCredentials', requests.clientCredentials);
    await send(all, 'refresh', requests.refresh);
    memory.push({ tokens, resident: residentMemory(pid).now });
  }
  say('refreshes while expired rows go …');
  const rows = Math.min(firstTokens, most);
  const before = await durations(all, () => pause(10_000));
  await copyToken(database, 'expired', rows, '-1 hour');
  await until(async () => (await expired(database)) < rows);
  const during = await durations(all, () => until(async () => (await expired(database)) === 0));
  return {
    memory,
    removal: {
      rows,
      p99Before: percentile(before, 0.99),
      p99During: percentile(during, 0.99),
      longestDuring: Math.max(...during),
    },
  };
}

/** Stores copies of a live refresh token, each of another grant. */
async function copyToken(database: string, prefix: string, count: number, lifetime: string): Promise<void> {
  for (let from = 0; from < count; from += insertedAtOnce)
    await query(
      database,
      `INSERT INTO oidc_artifact (environment, model, id_sha256, payload, grant_id, expires_at)
       SELECT environment, model, encode(sha256(convert_to($1 || n, 'UTF8')), 'hex'), payload, $1 || n,
              now() + $2::interval
       FROM (SELECT * FROM oidc_artifact WHERE model = 'RefreshToken' AND consumed_at IS NULL LIMIT 1) AS token,
            generate_series($3::int + 1, $4::int) AS n`,
      [prefix, lifetime, from, Math.min(count, from + insertedAtOnce)],
    );
}

async function expired(database: string): Promise<number> {
  const [row] = await query<{ rows: number }>(
    database,
    "SELECT count(*)::int AS rows FROM oidc_artifact WHERE expires_at < now() - interval '1 minute'",
  );
  return row!.rows;
}

async function until(isDone: () => Promise<boolean>): Promise<void> {
  for (const deadline = performance.now() + longestRemoval; !(await isDone());) {
    if (performance.now() > deadline) throw new Error('the service did not remove the expired rows');
    await pause(250);
  }
}

/** Sends a number of requests over the connections. */
export async function send(all: readonly Requests[], kind: keyof Requests, count: number): Promise<void> {
  let sent = 0;
  await Promise.all(
    all.map(async (connection) => {
      while (sent++ < count) await connection[kind]();
    }),
  );
}

/** Milliseconds of each refresh while work runs. */
async function durations(all: readonly Requests[], work: () => Promise<unknown>): Promise<number[]> {
  const taken: number[] = [];
  let isOver = false;
  const running = Promise.all(
    all.map(async (connection) => {
      while (!isOver) {
        const startedAt = performance.now();
        await connection.refresh();
        taken.push(performance.now() - startedAt);
      }
    }),
  );
  try {
    await work();
  } finally {
    isOver = true;
    await running;
  }
  return taken;
}

const percentile = (values: readonly number[], part: number): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length * part)] ?? NaN;

import { afterAll, beforeAll, expect, it } from 'vitest';
import { Pool } from 'pg';
import { startTestPostgres, type TestPostgres } from '@payer/testing';
import { SharedReads } from './shared-reads.js';

let postgres: TestPostgres;
let pool: Pool;
beforeAll(async () => {
  postgres = await startTestPostgres();
  pool = new Pool({ connectionString: await postgres.database('shared_reads') });
  await pool.query('CREATE TABLE thing (id int PRIMARY KEY)');
});
afterAll(async () => {
  await pool?.end();
  await postgres?.stop();
});

const half = (value: number) => ({ name: 'half', text: 'SELECT 10 / $1::int AS half', values: [value] });
const transaction = { name: 'transaction', text: 'SELECT now()::text AS begun', values: [] };

it('reads that arrive together share a transaction, and each gets its own rows', async () => {
  const reads = new SharedReads(pool);
  const answers = await Promise.all([
    ...[1, 2, 5, 10].map((value) => reads.ask<{ half: number }>(half(value))),
  ]);
  expect(answers.map(([row]) => row?.half)).toEqual([10, 5, 2, 1]);
  const begun = await Promise.all(
    Array.from({ length: 20 }, () => reads.ask<{ begun: string }>(transaction)),
  );
  expect(new Set(begun.map(([row]) => row?.begun)).size).toBeLessThanOrEqual(3);
});

it('a read that fails does not fail the others', async () => {
  const reads = new SharedReads(pool);
  const answers = await Promise.allSettled([1, 2, 5, 0, 10, 2].map((value) => reads.ask(half(value))));
  expect(answers.map(({ status }) => status)).toEqual([
    'fulfilled',
    'fulfilled',
    'fulfilled',
    'rejected',
    'fulfilled',
    'fulfilled',
  ]);
  expect(pool.waitingCount).toBe(0);
});

it('a read that fails first does not fail others of one name on a new connection', async () => {
  const fresh = new Pool({ connectionString: pool.options.connectionString });
  const reads = new SharedReads(fresh);
  const answers = await Promise.allSettled([half(0), transaction, transaction].map((one) => reads.ask(one)));
  expect(answers.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'fulfilled']);
  await fresh.end();
});

it('a read sees what was committed before it was asked', async () => {
  const reads = new SharedReads(pool);
  const count = { name: 'count', text: 'SELECT count(*)::int AS n FROM thing', values: [] };
  for (let n = 1; n <= 30; n++) {
    const others = Array.from({ length: 5 }, () => reads.ask(transaction));
    await pool.query('INSERT INTO thing VALUES ($1)', [n]);
    expect(await reads.ask(count)).toEqual([{ n }]);
    await Promise.all(others);
  }
});

it('reads fail when the database is away', async () => {
  const away = new Pool({ connectionString: 'postgres://nobody@127.0.0.1:1/none' });
  const reads = new SharedReads(away);
  const answers = await Promise.allSettled([1, 2, 5].map((value) => reads.ask(half(value))));
  expect(answers.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
  await away.end();
});

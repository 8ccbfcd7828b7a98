import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually, startOwnPostgres, type OwnPostgres } from '@payer/testing';
import { PipelinedConnection, plannedOnce } from './pipelined-connection.js';

let postgres: OwnPostgres;
let connection: PipelinedConnection;
let url: string;
beforeAll(async () => {
  postgres = await startOwnPostgres();
  url = await postgres.database('reads');
  connection = new PipelinedConnection(url);
});
afterAll(async () => {
  await connection.end();
  await postgres.stop();
});

const echo = async (value: number) =>
  (
    await connection.query<{ value: number }>({
      name: 'echo',
      text: 'SELECT 100 / $1::int * $1::int AS value',
      values: [value],
    })
  ).rows[0]?.value;

/** What Node, `pg` and a server that stops or starts say. */
const connectionLost =
  /ECONNREFUSED|ENOENT|EAGAIN|ECONNRESET|EPIPE|Connection terminated|not queryable|shutting down|starting up|terminating connection/;

describe('many queries on one connection', () => {
  it('each get their own answer, and one that fails fails alone', async () => {
    const values = Array.from({ length: 200 }, (_, index) => index % 5);
    const answers = await Promise.allSettled(values.map(echo));
    answers.forEach((answer, index) => {
      if (values[index] === 0)
        expect(answer).toMatchObject({ status: 'rejected', reason: { code: '22012' } });
      else
        expect(answer).toEqual({
          status: 'fulfilled',
          value: Math.floor(100 / values[index]!) * values[index]!,
        });
    });
  });

  it('that are the first of their kind are each prepared, also behind one that fails', async () => {
    const ask = (n: number) =>
      connection.query<{ n: number }>({
        name: `first-${n}`,
        text: `SELECT ${n} / $1::int AS n`,
        values: [n === 1 ? 0 : 1],
      });
    for (let round = 0; round < 2; round++) {
      const answers = await Promise.allSettled([0, 1, 2, 3].map(ask));
      expect(
        answers.map((answer) => (answer.status === 'fulfilled' ? answer.value.rows[0]?.n : 'failed')),
      ).toEqual([0, 'failed', 2, 3]);
    }
  });

  it('get values of every kind, as `pg` gives them', async () => {
    const at = new Date('2026-02-03T04:05:06.789Z');
    const text =
      'SELECT $1::text AS t, $2::bytea AS b, $3::timestamptz AS d, $4::text[] AS a, $5::text AS n, $6::bool AS f';
    const values = ['Zoë 🙂', Buffer.from([0, 255]), at, ['a,"b"', null, 'c\\d'], null, false];
    const statement = { name: 'kinds', text, values };
    for (let round = 0; round < 2; round++) {
      const { rows } = await connection.query(statement);
      expect(rows).toEqual([
        { t: 'Zoë 🙂', b: Buffer.from([0, 255]), d: at, a: ['a,"b"', null, 'c\\d'], n: null, f: false },
      ]);
    }
    const long = 'é'.repeat(100_000);
    expect(
      (await connection.query({ ...statement, values: [long, ...values.slice(1)] })).rows[0],
    ).toMatchObject({
      t: long,
    });
  });

  it('need no value, and may have no row', async () => {
    const [none, one] = await Promise.all([
      connection.query({ text: 'SELECT 1 AS n WHERE false' }),
      connection.query({ text: 'SELECT 1 AS n' }),
    ]);
    expect([none.rows, one.rows]).toEqual([[], [{ n: 1 }]]);
  });

  it('whose value cannot be encoded fail alone', async () => {
    const unreadable = {
      toPostgres: () => {
        throw new Error('no text');
      },
    };
    const answers = await Promise.allSettled([
      connection.query({ name: 'odd', text: 'SELECT $1::text AS t', values: [unreadable] }),
      connection.query({ name: 'odd', text: 'SELECT $1::text AS t', values: ['even'] }),
      echo(1),
    ]);
    expect(answers).toMatchObject([
      { status: 'rejected', reason: { message: 'no text' } },
      { status: 'fulfilled', value: { rows: [{ t: 'even' }] } },
      { status: 'fulfilled', value: 100 },
    ]);
  });

  it('are prepared again when a table has changed', async () => {
    const ask = async () =>
      (await connection.query({ name: 'changing', text: 'SELECT * FROM changing' })).rows;
    await connection.query({ text: "CREATE TABLE changing AS SELECT 'a' AS first" });
    expect(await ask()).toEqual([{ first: 'a' }]);
    await connection.query({ text: 'ALTER TABLE changing ADD second int DEFAULT 2' });
    // 0A000: PostgreSQL refuses a prepared statement whose columns have changed.
    await expect(ask()).rejects.toMatchObject({ code: '0A000' });
    expect(await ask()).toEqual([{ first: 'a', second: 2 }]);
  });

  it('are not held up by one that takes too long: PostgreSQL ends it, and the others are answered', async () => {
    const ask = (text: string) => connection.query<{ statement_timeout: string }>({ text });
    expect((await ask('SHOW statement_timeout')).rows).toEqual([{ statement_timeout: '8s' }]);
    await ask('SET statement_timeout = 50');
    const [slow, behind] = await Promise.allSettled([ask('SELECT pg_sleep(60)'), echo(1)]);
    // 57014: PostgreSQL ended the statement because it took too long.
    expect(slow).toMatchObject({ status: 'rejected', reason: { code: '57014' } });
    expect(behind).toEqual({ status: 'fulfilled', value: 100 });
    await ask('RESET statement_timeout');
  });

  it('are answered, and hold no lock, before a slower one behind them ends', async () => {
    await connection.query({ text: 'CREATE TABLE locked (id int)' });
    const other = new PipelinedConnection(url);
    const locks = { text: "SELECT 1 FROM pg_locks WHERE relation = 'locked'::regclass" };
    const first = connection.query({ text: 'SELECT id FROM locked' });
    let isOver = false;
    const slow = connection
      .query({ text: 'SELECT pg_sleep(60)' })
      .catch(() => undefined)
      .then(() => (isOver = true));
    expect((await first).rows).toEqual([]);
    expect((await other.query(locks)).rows).toEqual([]);
    expect(isOver).toBe(false);
    await other.query({
      text: "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%'",
    });
    await slow;
    await other.end();
  });

  it('are answered before the connection ends', async () => {
    const ending = new PipelinedConnection(url);
    await ending.query({ text: 'SELECT 1' });
    const answers = Promise.all(
      Array.from({ length: 50 }, (_, n) => ending.query({ text: `SELECT ${n} AS n` })),
    );
    await ending.end();
    expect((await answers).map(({ rows }) => rows[0])).toEqual(Array.from({ length: 50 }, (_, n) => ({ n })));
  });

  it('of one name have one text', async () => {
    await echo(1);
    await expect(connection.query({ name: 'echo', text: 'SELECT 2 AS value' })).rejects.toThrow('name echo');
    expect(await echo(1)).toBe(100);
  });

  it('say that the database is away while it is, and work again afterwards', async () => {
    await echo(1);
    const restart = postgres.restart();
    const failures: unknown[] = [];
    let restarted = false;
    void restart.then(() => (restarted = true));
    while (!restarted) {
      await echo(1).catch((error: unknown) => failures.push(error));
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    await restart;
    expect(failures.length).toBeGreaterThan(0);
    expect(failures.map(String).filter((error) => !connectionLost.test(error))).toEqual([]);
    expect(await eventually(() => echo(1).catch(() => undefined))).toBe(100);
  });

  it('of a table with partitions are planned once', async () => {
    const reads = new PipelinedConnection(url, plannedOnce);
    try {
      await reads.query({ text: 'CREATE TABLE parted (id text PRIMARY KEY) PARTITION BY HASH (id)' });
      for (const n of [0, 1])
        await reads.query({
          text: `CREATE TABLE parted_${n} PARTITION OF parted FOR VALUES WITH (MODULUS 2, REMAINDER ${n})`,
        });
      for (let n = 0; n < 12; n++)
        await reads.query({ name: 'parted', text: 'SELECT id FROM parted WHERE id = $1', values: [n] });
      const { rows } = await reads.query({
        text: "SELECT custom_plans::int FROM pg_prepared_statements WHERE name = 'parted'",
      });
      expect(rows).toEqual([{ custom_plans: 0 }]);
    } finally {
      await reads.end();
    }
  });
});

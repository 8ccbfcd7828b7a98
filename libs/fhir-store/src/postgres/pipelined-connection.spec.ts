import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually, startOwnPostgres, type OwnPostgres } from '@payer/testing';
import { PipelinedConnection } from './pipelined-connection.js';

let postgres: OwnPostgres;
let connection: PipelinedConnection;
beforeAll(async () => {
  postgres = await startOwnPostgres();
  connection = new PipelinedConnection(await postgres.database('reads'));
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
  /ECONNREFUSED|ECONNRESET|EPIPE|Connection terminated|not queryable|shutting down|starting up|terminating connection/;

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
});

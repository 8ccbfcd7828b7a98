import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { startTestPostgres } from '@payer/testing';
import { Client, Pool } from 'pg';
import { databaseIsUnavailable, refusedValues, tookTooLong } from './unavailable.js';

const servers: Server[] = [];
afterEach(() => servers.splice(0).forEach((server) => server.close()));

/** A database server that treats each connection so. */
async function server(treat: (socket: Socket) => void): Promise<string> {
  const listening = createServer((socket) => {
    socket.on('error', () => undefined);
    treat(socket);
  });
  servers.push(listening);
  await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve));
  return `postgres://nobody@127.0.0.1:${(listening.address() as AddressInfo).port}/none`;
}
const errorOf = (answer: Promise<unknown>): Promise<unknown> =>
  answer.then(
    () => 'no error',
    (error: unknown) => error,
  );

describe('an unavailable database', () => {
  it.each([
    ['does not answer', () => undefined],
    ['ends each connection', (socket: Socket) => socket.destroy()],
    ['refuses encryption', (socket: Socket) => socket.once('data', () => socket.end('X'))],
  ])('is recognised when the server %s, by a client and by a pool', async (_, treat) => {
    const connectionString = await server(treat);
    for (const ssl of [false, true]) {
      const client = new Client({ connectionString, connectionTimeoutMillis: 100, ssl });
      client.on('error', () => undefined);
      const alone = await errorOf(client.connect());
      expect(databaseIsUnavailable(alone), String(alone)).toBe(true);
      const pool = new Pool({ connectionString, connectionTimeoutMillis: 100, ssl });
      const pooled = await errorOf(pool.query('SELECT 1'));
      expect(databaseIsUnavailable(pooled), String(pooled)).toBe(true);
      await pool.end();
    }
  });

  it('is recognised when nothing listens, and when the pool has ended', async () => {
    const connectionString = await server(() => undefined);
    servers.splice(0).forEach((listening) => listening.close());
    const pool = new Pool({ connectionString });
    expect(databaseIsUnavailable(await errorOf(pool.query('SELECT 1')))).toBe(true);
    await pool.end();
    expect(databaseIsUnavailable(await errorOf(pool.query('SELECT 1')))).toBe(true);
  });

  it('is recognised when nothing listens on its Unix socket', async () => {
    const client = new Client({ connectionString: 'postgres://nobody@localhost/none?host=/nowhere' });
    const error = await errorOf(client.connect());
    expect(error).toMatchObject({ code: 'ENOENT' });
    expect(databaseIsUnavailable(error)).toBe(true);
    expect(databaseIsUnavailable(Object.assign(new Error(), { code: 'ENOENT', syscall: 'open' }))).toBe(
      false,
    );
  });

  it('is another thing than a wrong statement or a refused password', async () => {
    const postgres = await startTestPostgres();
    const client = new Client({ connectionString: await postgres.database('unavailable') });
    await client.connect();
    for (const wrong of ['SELECT', 'SELECT * FROM nothing', "SELECT 'a'::int", 'SELECT 1/0'])
      expect(databaseIsUnavailable(await errorOf(client.query(wrong))), wrong).toBe(false);
    for (const refused of ["SELECT 'a'::int", 'SELECT 1/0', 'SELECT jsonb \'"\\u0000"\''])
      expect(refusedValues(await errorOf(client.query(refused))), refused).toBe(true);
    await client.query('CREATE TABLE name (name text UNIQUE)');
    const long = "SELECT string_agg(md5(n::text), '') FROM generate_series(1, 1000) AS n";
    expect(refusedValues(await errorOf(client.query(`INSERT INTO name ${long}`)))).toBe(true);
    for (const wrong of ['SELECT', 'SELECT * FROM nothing'])
      expect(refusedValues(await errorOf(client.query(wrong))), wrong).toBe(false);
    await client.query('SET statement_timeout = 1');
    const tooLong = await errorOf(client.query('SELECT pg_sleep(60)'));
    expect([tookTooLong(tooLong), refusedValues(tooLong)]).toEqual([true, false]);
    await client.end();
    await postgres.stop();
  });
});

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestPostgres, type TestPostgres } from '@payer/testing';
import { readConfig } from './config.js';
import { Databases } from './open-databases.js';

describe('the connections for searches', () => {
  let postgres: TestPostgres;
  let databases: Databases;

  beforeAll(async () => {
    postgres = await startTestPostgres();
    const SANDBOX_DATABASE_URL = await postgres.database('fhir');
    const environment = { ENVIRONMENTS: 'sandbox', DATABASE_POOL_SIZE: '2', SANDBOX_DATABASE_URL };
    databases = new Databases(readConfig(environment));
  });
  afterAll(async () => {
    await databases.stop();
    await postgres.stop();
  });

  it('give one search one processor: without parallel workers, and without compiled plans', async () => {
    const { rows } = await databases.pools.sandbox.query(
      "SELECT current_setting('max_parallel_workers_per_gather') AS workers, current_setting('jit') AS jit",
    );
    expect(rows).toEqual([{ workers: '0', jit: 'off' }]);
  });

  it.each([
    ['while a statement runs', 'SELECT pg_sleep(60)'],
    ['between two statements', undefined],
  ])('do not end the process when the server ends a borrowed one %s', async (_, running) => {
    const pool = databases.pools.sandbox;
    const client = await pool.connect();
    const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
    const ended = new Promise((resolve) => client.once('end', resolve));
    const answer = running ? client.query(running) : undefined;
    await Promise.all([
      pool.query('SELECT pg_terminate_backend($1)', [rows[0]!.pid]),
      ended,
      answer && expect(answer).rejects.toThrow(),
    ]);
    await expect(client.query('SELECT 1')).rejects.toThrow();
    client.release(true);
    expect((await pool.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
  });
});

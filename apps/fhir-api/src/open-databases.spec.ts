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
  }, 60_000);
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
});

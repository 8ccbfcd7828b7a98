import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { setTimeout } from 'node:timers/promises';
import { startTestPostgres, type TestPostgres } from '@payer/testing';
import { Pool } from 'pg';
import { createSchema, storeMigrations } from './index.js';

let postgres: TestPostgres;
let pool: Pool;
let url: string;

beforeAll(async () => {
  postgres = await startTestPostgres();
  url = await postgres.database('fhir');
  pool = new Pool({ connectionString: url });
  pool.on('error', () => undefined);
}, 60_000);
afterAll(async () => {
  await pool?.end();
  await postgres?.stop();
});

const insert = `
  INSERT INTO shared_resource (type, id, version, last_updated, body, body_sha256, tokens, string_param, string_value, string_folded,
    date_param, date_low, date_high, number_param, number_low, number_high, number_unit, refs)
  VALUES ('PractitionerRole', $1, 1, now(), '{}', '', ARRAY['7>Organization/o'], '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}')`;

it('what a loader of the version before writes meanwhile is indexed, too, and reading goes on', async () => {
  const done = storeMigrations.findIndex(({ name }) => name.startsWith('CreateSharedReferences'));
  await createSchema(url, storeMigrations.slice(0, done));
  await pool.query(insert, ['before']);
  const loader = await pool.connect();
  await loader.query('BEGIN');
  await loader.query(insert, ['meanwhile']);
  const migrated = createSchema(url, storeMigrations);
  const waiting = async () => (await pool.query('SELECT FROM pg_locks WHERE NOT granted')).rowCount;
  while (!(await waiting())) await setTimeout(20);
  expect((await pool.query('SELECT id FROM shared_resource')).rows).toEqual([{ id: 'before' }]);
  await loader.query('COMMIT');
  loader.release();
  expect(await migrated).toHaveLength(storeMigrations.length - done);
  await pool.query(insert, ['after']);
  await pool.query(`DELETE FROM shared_resource WHERE id = 'before'`);
  const { rows } = await pool.query('SELECT id FROM shared_reference ORDER BY id');
  expect(rows.map(({ id }) => id)).toEqual(['after', 'meanwhile']);
});

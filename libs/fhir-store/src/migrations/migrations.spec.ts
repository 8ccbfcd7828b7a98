import { afterAll, beforeAll, expect, it } from 'vitest';
import { setTimeout } from 'node:timers/promises';
import { startTestPostgres, type TestPostgres } from '@payer/testing';
import { Pool, type PoolClient } from 'pg';
import { loaderLock } from '../load/loader-lock.js';
import { createSchema, storeMigrations } from './index.js';
import { KeepFewerStatistics1764000000740 } from './fewer-statistics.migration.js';
import { ListSharedCodes1764000000730 } from './shared-codes.migration.js';
import { StoreDerivedRows1764000000400 } from './store-derived-rows.migration.js';

let postgres: TestPostgres;
let pool: Pool;
let url: string;

beforeAll(async () => {
  postgres = await startTestPostgres();
  url = await postgres.database('fhir');
  pool = new Pool({ connectionString: url });
  pool.on('error', () => undefined);
});
afterAll(async () => {
  await pool?.end();
  await postgres?.stop();
});

const insert = `
  INSERT INTO shared_resource (type, id, version, last_updated, body, body_sha256, tokens, string_param, string_value, string_folded,
    date_param, date_low, date_high, number_param, number_low, number_high, number_unit, refs)
  VALUES ('PractitionerRole', $1, 1, now(), '{}', '', ARRAY['7>Organization/o'], '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}')`;

/** The migrations before the named one. */
const before = (name: string) =>
  storeMigrations.slice(
    0,
    storeMigrations.findIndex((migration) => migration.name.startsWith(name)),
  );

/** Resolves when a statement waits for a lock. */
async function somebodyWaits(): Promise<void> {
  while (!(await pool.query('SELECT FROM pg_locks WHERE NOT granted')).rowCount) await setTimeout(20);
}

const idsIn = async (table: string) => {
  const { rows } = await pool.query<{ id: string }>(`SELECT id FROM ${table} ORDER BY id`);
  return rows.map(({ id }) => id);
};

it('a loader that stores meanwhile is waited for, and its rows are indexed; reading goes on', async () => {
  await createSchema(url, before('CreateSharedReferences'));
  await pool.query(insert, ['first']);
  const loader = await pool.connect();
  await loader.query('BEGIN');
  await loader.query(insert, ['meanwhile']);
  const migrated = createSchema(url, before('StoreDerivedRows'));
  await somebodyWaits();
  expect(await idsIn('shared_resource')).toEqual(['first']);
  await loader.query('COMMIT');
  loader.release();
  await migrated;
  expect(await idsIn('shared_reference')).toEqual(['first', 'meanwhile']);
});

it('a loader that relies on triggers is waited for, and then refused; reading goes on', async () => {
  const loader = await pool.connect();
  await loader.query('BEGIN');
  await loader.query(insert, ['under way']);
  const migrated = createSchema(url);
  await somebodyWaits();
  expect(await idsIn('shared_resource')).toEqual(['first', 'meanwhile']);
  await loader.query('COMMIT');
  loader.release();
  await migrated;
  expect(await idsIn('shared_reference')).toEqual(['first', 'meanwhile', 'under way']);
  await expect(pool.query(insert, ['too late'])).rejects.toThrow('loader_is_too_old');
});

const inTransaction = async (run: 'up' | 'down') => {
  const client = await pool.connect();
  try {
    await client.query('BEGIN');
    await new ListSharedCodes1764000000730()[run]({ query: (sql: string) => client.query(sql) } as never);
    await client.query('COMMIT');
  } finally {
    client.release();
  }
};

/** Stores an Organization with codes as a loader of the version before does. */
const storeAsBefore = (client: Pool | PoolClient, id: string) =>
  client.query(
    `INSERT INTO shared_resource (loader_version, type, id, version, last_updated, body, body_sha256, tokens, string_param,
       string_value, string_folded, date_param, date_low, date_high, number_param, number_low, number_high, number_unit, refs)
     VALUES (1, 'Organization', $1, 1, now(), '{}', '', ARRAY['4||open', '4||open', '4~||', '5>Endpoint/||e', 'x4||'],
       '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}')`,
    [id],
  );

it('resources that are there are listed by their codes, and a loader that would not do so is refused', async () => {
  const listed = async () =>
    (
      await pool.query<{ id: string; is_code: boolean }>(
        `SELECT id, key = hashtextextended('4||open', 0) & 9007199254740991 AS is_code FROM shared_reference WHERE type = 'Organization'`,
      )
    ).rows;
  await inTransaction('down');
  await storeAsBefore(pool, 'there');
  await inTransaction('up');
  expect(await listed()).toEqual([{ id: 'there', is_code: true }]);
  await expect(storeAsBefore(pool, 'too late')).rejects.toThrow(/column "loader_version" .* does not exist/);
  await inTransaction('down');
  expect(await listed()).toEqual([]);
  await pool.query(`DELETE FROM shared_resource WHERE type = 'Organization'`);
  await inTransaction('up');
});

it('codes are listed after the batch of a loader and beside an export; reading goes on', async () => {
  await inTransaction('down');
  const [loader, exporting] = [await pool.connect(), await pool.connect()];
  try {
    await exporting.query('BEGIN ISOLATION LEVEL REPEATABLE READ');
    const rows = (await exporting.query('SELECT FROM shared_resource')).rowCount;
    // A batch reads before it writes.
    await loader.query(
      `BEGIN; SELECT pg_advisory_xact_lock_shared(${loaderLock}); SELECT FROM shared_resource`,
    );
    let isMigrated = false;
    const migrated = inTransaction('up').then(() => (isMigrated = true));
    await somebodyWaits();
    await storeAsBefore(loader, 'under way');
    await loader.query('COMMIT');
    // The rename waits for the export, and the reads do not wait for the rename.
    const isRenaming = `SELECT FROM pg_locks WHERE NOT granted AND mode = 'AccessExclusiveLock'`;
    while (!(await pool.query(isRenaming)).rowCount) await setTimeout(20);
    expect((await pool.query('SELECT FROM shared_resource')).rowCount).toBe(rows! + 1);
    expect(isMigrated).toBe(false);
    await exporting.query('COMMIT');
    expect(await migrated).toBe(true);
  } finally {
    loader.release();
    exporting.release();
    for (const table of ['shared_resource', 'shared_reference'])
      await pool.query(`DELETE FROM ${table} WHERE type = 'Organization'`);
  }
});

it('no table has a trigger, and no SQL of the database knows a search parameter', async () => {
  const { rows } = await pool.query(`
    SELECT tgname AS name FROM pg_trigger WHERE NOT tgisinternal
    UNION ALL
    SELECT proname FROM pg_proc WHERE pronamespace = current_schema()::regnamespace
      AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = pg_proc.oid AND d.deptype = 'e')`);
  expect(rows).toEqual([]);
});

it('PostgreSQL analyses the columns of a member’s resource that decide about a plan, and no other', async () => {
  const { rows } = await pool.query<{ columns: string }>(`
    SELECT DISTINCT string_agg(attname, ' ' ORDER BY attnum) AS columns
    FROM pg_partition_tree('member_resource') JOIN pg_attribute ON attrelid = relid
    WHERE attnum > 0 AND NOT attisdropped AND attstattarget IS DISTINCT FROM 0 GROUP BY relid`);
  expect(rows).toEqual([{ columns: 'patient type id last_updated keys contained labels followed_labels' }]);
});

it('the migrations can be taken back: then the loader before works again', async () => {
  const client = await pool.connect();
  const runner = { query: (sql: string) => client.query(sql) } as never;
  try {
    await client.query('BEGIN');
    await new KeepFewerStatistics1764000000740().down(runner);
    await new ListSharedCodes1764000000730().down(runner);
    await new StoreDerivedRows1764000000400().down(runner);
    await client.query('COMMIT');
  } finally {
    client.release();
  }
  await pool.query(insert, ['again']);
  expect(await idsIn('shared_reference')).toEqual(['again', 'first', 'meanwhile', 'under way']);
});

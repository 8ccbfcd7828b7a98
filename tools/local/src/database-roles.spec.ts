import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Client } from 'pg';
import { eventually, startTestPostgres, type TestPostgres } from '@payer/testing';
import { createDatabaseRoles, type RoleUrls } from './database-roles.js';
import { EventLogKeeper } from './event-log-keeper.js';
import { databases, services, type ServiceName } from './services.js';
import { repositoryRoot } from './system.js';

const run = promisify(execFile);

/** Tests each right by attempting forbidden statements with the serving role, on migrated databases. */
describe('the roles of the databases', () => {
  let postgres: TestPostgres;
  let directory: string;
  let roles: RoleUrls;
  const superuserUrls: Record<string, string> = {};

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'payer-roles-'));
    postgres = await startTestPostgres();
    for (const name of ['postgres', ...databases]) superuserUrls[name] = await postgres.database(name);
    roles = await createDatabaseRoles((name) => superuserUrls[name]!, join(directory, 'passwords.json'));
    await Promise.all(services.map(({ name }) => migrate(name)));
  }, 120_000);
  afterAll(async () => {
    await postgres?.stop();
    rmSync(directory, { recursive: true, force: true });
  }, 60_000);

  async function migrate(service: ServiceName): Promise<void> {
    const entry = join(repositoryRoot, 'apps', service, 'dist', 'migrate.js');
    const env = { ...process.env, ...roles.serving(service), ...roles.migrating(service) };
    await run(process.execPath, [entry], { env });
  }

  /** @returns the rows of the last statement, or the code of the error */
  async function as(url: string, ...statements: string[]): Promise<unknown> {
    const client = new Client({ connectionString: url });
    client.on('error', () => undefined);
    try {
      await client.connect();
      let rows: unknown;
      for (const statement of statements) ({ rows } = await client.query(statement));
      return rows;
    } catch (error) {
      return (error as { code?: string }).code;
    } finally {
      await client.end();
    }
  }

  const refused = '42501';
  const urlOf = (service: ServiceName, environment = 'SANDBOX') => {
    const variables = roles.serving(service);
    return (variables.DATABASE_URL ?? variables[`${environment}_DATABASE_URL`])!;
  };
  const eventsOf = (service: ServiceName) => roles.serving(service).EVENTS_DATABASE_URL!;
  const inDatabase = (url: string, database: string) => new URL(`/${database}`, url).href;
  const append = (
    topic: string,
    { id = 'x', key = 'k', subject }: { id?: string; key?: string; subject?: string } = {},
  ) =>
    `SELECT append_events('{${id}}', '{${topic}}', '{${key}}', array['{"subject": "${subject ?? key}"}'::jsonb])`;

  it('have passwords in a file that only its owner reads, the same at the next start', async () => {
    const file = join(directory, 'passwords.json');
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const again = await createDatabaseRoles((name) => superuserUrls[name]!, file);
    expect(again.serving('consent')).toEqual(roles.serving('consent'));
    await migrate('consent');
  });

  it.each(services.map(({ name }) => name))('%s reads and writes its own tables', async (service) => {
    const outbox = `INSERT INTO outbox (event_id, event) VALUES (gen_random_uuid(), '{}')`;
    expect(
      await as(urlOf(service), outbox, 'DELETE FROM outbox', 'SELECT count(*)::int AS n FROM outbox'),
    ).toEqual([{ n: 0 }]);
  });

  it.each(services.map(({ name }) => name))(
    '%s connects to no database of another service',
    async (service) => {
      const own = new URL(urlOf(service)).pathname.slice(1);
      for (const database of [...databases, 'postgres', 'template1'])
        if (
          database !== own &&
          database !== 'events' &&
          !(service === 'fhir-api' && database === 'fhir_production')
        )
          expect([database, await as(inDatabase(urlOf(service), database), 'SELECT 1')]).toEqual([
            database,
            refused,
          ]);
    },
  );

  it.each(services.map(({ name }) => name))(
    '%s makes, alters, drops and gives away nothing',
    async (service) => {
      for (const url of [urlOf(service), eventsOf(service)])
        for (const statement of [
          'CREATE TABLE mine (n int)',
          'CREATE TEMP TABLE mine (n int)',
          'CREATE SCHEMA mine',
          'CREATE ROLE mine',
          'CREATE DATABASE mine',
          "CREATE FUNCTION mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
          "CREATE FUNCTION pg_temp.mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
          `ALTER ROLE ${service.replace('-', '_')} SUPERUSER`,
          `SET ROLE ${service.replace('-', '_')}_owner`,
          'SET ROLE postgres',
          'SET session_replication_role = replica',
          "SELECT pg_read_file('/etc/passwd')",
          "COPY (SELECT 1) TO PROGRAM 'true'",
          'ALTER SYSTEM SET fsync = off',
        ])
          expect([statement, await as(url, statement)]).toEqual([statement, refused]);
      for (const table of ['outbox', 'migrations'])
        for (const statement of [
          `DROP TABLE ${table}`,
          `ALTER TABLE ${table} ADD COLUMN mine int`,
          `TRUNCATE ${table}`,
          `ALTER TABLE ${table} DISABLE TRIGGER ALL`,
          `CREATE TRIGGER mine BEFORE INSERT ON ${table} EXECUTE FUNCTION suppress_redundant_updates_trigger()`,
          `CREATE INDEX ON ${table} (id)`,
        ])
          expect([statement, await as(urlOf(service), statement)]).toEqual([statement, refused]);
      expect(await as(urlOf(service), 'DELETE FROM migrations')).toBe(refused);
    },
  );

  it.each([
    ['registration', 'audit_entry'],
    ['consent', 'audit_entry'],
    ['auth-server', 'audit_entry'],
    ['fhir-api', 'access_record'],
  ] as const)('%s only adds to its trail (%s)', async (service, table) => {
    const insert =
      table === 'audit_entry'
        ? `INSERT INTO audit_entry (id, at, service, action, actor_role, detail)
           VALUES (gen_random_uuid(), now(), 'x', 'x', 'system', '{}')`
        : `INSERT INTO access_record (at, client_id, interaction, resource_type, status, request_id)
           VALUES (now(), 'x', 'read', 'Patient', 200, 'x')`;
    const url = urlOf(service);
    if (table === 'access_record') await as(url, 'SELECT add_access_partition(now()::date)');
    expect(await as(url, insert, `SELECT count(*)::int AS n FROM ${table}`)).toEqual([{ n: 1 }]);
    const partitions = (await as(
      superuserUrls[new URL(url).pathname.slice(1)]!,
      `SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = '${table}'::regclass`,
    )) as { name: string }[];
    for (const name of [table, ...partitions.map((partition) => partition.name)])
      for (const statement of [
        `UPDATE ${name} SET at = now()`,
        `DELETE FROM ${name}`,
        `TRUNCATE ${name}`,
        `DROP TABLE ${name}`,
        `ALTER TABLE ${name} DISABLE TRIGGER ALL`,
        `ALTER TABLE ${name} OWNER TO CURRENT_USER`,
        `DROP TRIGGER ${table}_append_only ON ${name}`,
        `MERGE INTO ${name} USING (SELECT 1) one ON true WHEN MATCHED THEN DELETE`,
      ])
        expect([statement, await as(url, statement)]).toEqual([statement, refused]);
    for (const statement of [
      'DROP FUNCTION refuse_audit_change() CASCADE',
      'CREATE OR REPLACE FUNCTION refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$',
    ])
      expect(await as(url, statement)).toBe(refused);
    // The trigger stops even the owner.
    expect(await as(superuserUrls[new URL(url).pathname.slice(1)]!, `DELETE FROM ${table}`)).toBe(refused);
  });

  it('fhir-api changes no resource, and drops no record before its time', async () => {
    for (const environment of ['SANDBOX', 'PRODUCTION']) {
      const url = urlOf('fhir-api', environment);
      for (const table of [
        'member_resource',
        'shared_resource',
        'member_reference',
        'access_day',
        'access_retention',
      ])
        for (const statement of [
          `DELETE FROM ${table}`,
          `TRUNCATE ${table}`,
          `INSERT INTO ${table} DEFAULT VALUES`,
        ])
          expect([statement, await as(url, statement)]).toEqual([statement, refused]);
      await as(url, 'SELECT add_access_partition(now()::date)');
      expect(await as(url, "SELECT drop_expired_access_partitions('2200-01-01')")).toEqual([]);
    }
  });

  describe('in the event log', () => {
    it.each([
      ['registration', 'app-approved', 'grant-revoked'],
      ['consent', 'grant-revoked', 'app-approved'],
      ['auth-server', 'token-revoked', 'app-approved'],
      ['fhir-api', 'access-recorded', 'token-revoked'],
    ] as const)(
      '%s appends to %s and not to %s, under the key of the thing',
      async (service, own, foreign) => {
        const url = eventsOf(service);
        expect(await as(url, append(own, { id: `own-${service}` }))).toHaveLength(1);
        expect(await as(url, append(foreign))).toBe(refused);
        expect(await as(url, append(own, { key: 'k', subject: 'another' }))).toBe(refused);
        expect(await as(url, append(own, { key: 'replay-1', subject: 'k' }))).toBe(refused);
      },
    );

    it.each(services.map(({ name }) => name))(
      '%s writes no row itself, and moves no position',
      async (service) => {
        for (const statement of [
          `INSERT INTO event_log VALUES (99, 'forged', 'app-approved', 'k', '{}')`,
          "UPDATE event_log SET event = '{}'",
          'DELETE FROM event_log',
          'TRUNCATE event_log',
          'UPDATE event_head SET position = 0',
          'UPDATE event_head SET position = position + 1000',
          'DELETE FROM event_head',
          'UPDATE event_right SET may_write = true',
          "INSERT INTO event_role VALUES ('mine', 'registration')",
          'ALTER TABLE event_log DISABLE ROW LEVEL SECURITY',
          'DROP POLICY topics_of_the_service ON event_log',
          'DROP FUNCTION append_events',
          'UPDATE dead_letter SET discarded_at = now()',
          'DELETE FROM dead_letter',
          'DELETE FROM consumer_group',
          'DROP TABLE event_log',
        ])
          expect([statement, await as(eventsOf(service), statement)]).toEqual([statement, refused]);
      },
    );

    it('a service reads the topics that it acts on or publishes, and no other', async () => {
      await as(
        superuserUrls.events!,
        append('audit-recorded', { id: 'audit' }),
        append('grant-created', { id: 'grant' }),
      );
      const topics = async (service: ServiceName) =>
        ((await as(eventsOf(service), 'SELECT DISTINCT topic FROM event_log')) as { topic: string }[]).map(
          ({ topic }) => topic,
        );
      expect(await topics('fhir-api')).not.toContain('audit-recorded');
      expect(await topics('registration')).toContain('audit-recorded');
      expect(await topics('fhir-api')).toContain('app-approved');
    });

    it('a service moves and sees its own group and letters only', async () => {
      await as(
        superuserUrls.events!,
        "INSERT INTO consumer_group (name, position) VALUES ('auth-server', 7), ('consent', 7)",
        "INSERT INTO dead_letter (consumer, topic, event, error) VALUES ('auth-server', 't', '{}', 'e'), ('consent', 't', '{}', 'e')",
      );
      const url = eventsOf('consent');
      expect(await as(url, 'UPDATE consumer_group SET position = 8 RETURNING name')).toEqual([
        { name: 'consent' },
      ]);
      expect(await as(url, 'SELECT name FROM consumer_group')).toEqual([{ name: 'consent' }]);
      expect(await as(url, "INSERT INTO consumer_group (name) VALUES ('registration')")).toBe(refused);
      expect(await as(url, "UPDATE consumer_group SET name = 'registration'")).toBe(refused);
      expect(await as(url, 'SELECT DISTINCT consumer FROM dead_letter')).toEqual([{ consumer: 'consent' }]);
      const letter = (consumer: string) =>
        `INSERT INTO dead_letter (consumer, topic, event, error) VALUES ('${consumer}', 't', '{}', 'e')`;
      expect(await as(url, letter('consent'))).toEqual([]);
      expect(await as(url, letter('auth-server'))).toBe(refused);
    });

    it('compaction by a service takes no young event away', async () => {
      const count = async () => as(superuserUrls.events!, 'SELECT count(*)::int AS n FROM event_log');
      await as(superuserUrls.events!, 'UPDATE consumer_group SET position = 1000000');
      await as(
        eventsOf('registration'),
        append('app-updated', { id: 'a1' }),
        append('app-updated', { id: 'a2' }),
      );
      const before = await count();
      expect(await as(eventsOf('consent'), 'SELECT compact_events(0)')).toEqual([{ compact_events: '0' }]);
      expect(await count()).toEqual(before);
    });
  });

  it('the tables of an event log that was dropped and made again come back, with all rights', async () => {
    const keeper = new EventLogKeeper({
      superuserUrl: superuserUrls.events!,
      ownerUrl: roles.migrating('consent').EVENTS_MIGRATION_DATABASE_URL!,
      say() {},
    });
    try {
      await as(superuserUrls.postgres!, 'DROP DATABASE events WITH (FORCE)', 'CREATE DATABASE events');
      await eventually(async () => Array.isArray(await as(eventsOf('consent'), append('grant-revoked'))), {
        timeout: 20_000,
      });
      expect(await as(eventsOf('consent'), append('app-approved'))).toBe(refused);
      expect(await as(eventsOf('consent'), 'CREATE TABLE mine (n int)')).toBe(refused);
    } finally {
      keeper.stop();
    }
  });
});

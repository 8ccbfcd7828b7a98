import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { eventually, startOwnPostgres, type OwnPostgres } from '@payer/testing';
import { createDatabaseRoles, type RoleUrls } from './database-roles.js';
import { EventLogKeeper } from './event-log-keeper.js';
import { runMigrations } from './prepare/migrations.js';
import type { Preparation } from './prepare/preparation.js';
import { databases, services, type ServiceName } from './services.js';
import { repositoryRoot } from './system.js';
import { Connections } from './testing/connections.js';

const run = promisify(execFile);

/** Starts programs of all services, so `.ci/steps/52-operations` runs it. */
const operations = process.env.OPERATIONS_TESTS ? describe : describe.skip;

/** Tests each right by attempting forbidden statements with the serving role, on migrated databases. */
describe('the roles of the databases', () => {
  let postgres: OwnPostgres;
  let directory: string;
  let roles: RoleUrls;
  const superuserUrls: Record<string, string> = {};
  const connections = new Connections();
  const as = (url: string, ...statements: string[]) => connections.run(url, ...statements);

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'payer-roles-'));
    postgres = await startOwnPostgres();
    for (const name of ['postgres', ...databases]) superuserUrls[name] = await postgres.database(name);
    roles = await createDatabaseRoles((name) => superuserUrls[name]!, join(directory, 'passwords.json'));
    const variables = Object.fromEntries(services.map(({ name }) => [name, variablesOf(name)]));
    await runMigrations({ root: repositoryRoot, variables: variables as Preparation['variables'] });
  }, 120_000);
  afterAll(async () => {
    await connections.end();
    await postgres?.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  const variablesOf = (service: ServiceName) => ({ ...roles.serving(service), ...roles.migrating(service) });

  /** Migrates in a new process, as an operator does. */
  async function migrate(service: ServiceName): Promise<void> {
    const entry = join(repositoryRoot, 'apps', service, 'dist', 'migrate.js');
    await run(process.execPath, [entry], { env: { ...process.env, ...variablesOf(service) } });
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

  operations('npm run remove-member', () => {
    const remove = async (key: string, broken: Record<string, string> = {}) => {
      const env = {
        ...process.env,
        NODE_ENV: 'test',
        DATA_DIRECTORY: directory,
        AUTH_SERVER_DATABASE_URL: urlOf('auth-server'),
        CONSENT_DATABASE_URL: urlOf('consent'),
        ...roles.serving('fhir-api'),
        ...roles.migrating('fhir-api'),
        DATABASE_URL: 'none',
        ...broken,
      };
      const main = join(repositoryRoot, 'tools/local/dist/remove-member.js');
      const args = [main, '--environment', 'sandbox', '--member', key];
      return run(process.execPath, args, { env }).then(
        ({ stdout }) => ({ code: 0, text: stdout }),
        (error: { code: number; stderr: string }) => ({ code: error.code, text: error.stderr }),
      );
    };
    const count = async (database: string, table: string) => {
      const rows = await as(superuserUrls[database]!, `SELECT count(*)::int AS n FROM ${table}`);
      return (rows as { n: number }[])[0]?.n;
    };

    beforeAll(async () => {
      await as(
        superuserUrls.auth_server!,
        `INSERT INTO member (environment, sub, username, password_hash, patient, name) VALUES
           ('sandbox', 's1', 'M-1', '', 'p1', 'One'), ('sandbox', 's2', 'M-2', '', 'p2', 'Two'),
           ('sandbox', 's3', 'M-3', '', 'p2', 'Two as well'), ('production', 's1', 'M-1', '', 'p1', 'Other')`,
        `INSERT INTO oidc_artifact (environment, model, id_sha256, payload) VALUES
           ('sandbox', 'Session', 'a', '{"accountId": "s1"}'), ('sandbox', 'Interaction', 'b', '{"session": {"accountId": "s1"}}'),
           ('sandbox', 'RefreshToken', 'c', '{"accountId": "s1"}'), ('sandbox', 'Session', 'd', '{"accountId": "s2"}')`,
      );
      await as(
        superuserUrls.consent!,
        `INSERT INTO app_grant (grant_id, version, environment, sub, patient, client_id, client_name, scope, status, created_at, expires_at)
         SELECT id, 1, environment, sub, patient, 'app', 'App', 'patient/*.rs', status, now(), now() + interval '1 day'
         FROM (VALUES ('g1', 'sandbox', 's1', 'p1', 'active'), ('g2', 'sandbox', 'carer', 'p1', 'active'), ('g3', 'sandbox', 's2', 'p2', 'active'),
                      ('g4', 'production', 's1', 'p1', 'active')) AS g (id, environment, sub, patient, status)`,
      );
      const data = join(directory, 'data.ndjson');
      const resources = ['p1', 'p2'].map((id) => ({ resourceType: 'Patient', id, name: [{ family: id }] }));
      writeFileSync(data, resources.map((one) => JSON.stringify(one)).join('\n'));
      const env = { ...process.env, ...roles.serving('fhir-api'), ...roles.migrating('fhir-api') };
      const load = join(repositoryRoot, 'apps/fhir-api/dist/load/main.js');
      await run(process.execPath, [load, '--environment', 'sandbox', data], { env });
    }, 180_000);

    it('ends the sign-in first, and goes on where it has stopped', async () => {
      const away = new URL('/nowhere', urlOf('consent')).href;
      expect(await remove('M-1', { CONSENT_DATABASE_URL: away })).toMatchObject({ code: 1 });
      const left = `member WHERE environment = 'sandbox' AND sub = 's1'`;
      expect([await count('auth_server', left), await count('auth_server', 'oidc_artifact')]).toEqual([0, 1]);
      expect(await count('fhir_sandbox', 'member_resource')).toBe(2);
      expect(await remove('M-1')).toEqual({
        code: 0,
        text: expect.stringMatching(
          /1 sign-in\(s\) ended\nconsent: 2 grants ended\nfhir-api: 1 resources deleted\n/,
        ),
      });
      expect(await count('fhir_sandbox', `member_resource WHERE patient = 'p1'`)).toBe(0);
      expect(await count('fhir_sandbox', `member_resource WHERE patient = 'p2'`)).toBe(1);
      expect(await count('auth_server', 'member_removal')).toBe(0);
      expect(await count('auth_server', `audit_entry WHERE action = 'member-removed'`)).toBe(1);
      const live = await as(
        superuserUrls.consent!,
        `SELECT grant_id FROM app_grant WHERE status = 'active' ORDER BY 1`,
      );
      expect(live).toEqual([{ grant_id: 'g3' }, { grant_id: 'g4' }]);
      expect(await count('consent', `outbox WHERE event->>'type' = 'grant-revoked'`)).toBe(2);
      expect(await remove('M-1')).toMatchObject({
        code: 0,
        text: expect.stringMatching(/no member .*\n.*0 grants[^]*nothing of M-1 is in sandbox/),
      });
    }, 180_000);

    it('asks for the patient id when somebody else signs in to the same records', async () => {
      const refused = await remove('M-2');
      expect(refused).toMatchObject({ code: 1, text: expect.stringMatching(/give the patient id p2/) });
      expect(await count('auth_server', `member WHERE patient = 'p2'`)).toBe(2);
      expect(await remove('p2')).toMatchObject({
        code: 0,
        text: expect.stringMatching(/^auth-server: 2 sign-in/),
      });
      expect(await count('fhir_sandbox', 'member_resource')).toBe(0);
      expect(await remove('')).toMatchObject({ code: 2 });
    }, 180_000);
  });
});

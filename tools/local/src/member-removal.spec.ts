import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Client } from 'pg';
import { startOwnPostgres, type OwnPostgres } from '@payer/testing';
import { createDatabaseRoles, type RoleUrls } from './database-roles.js';
import { databases, services } from './services.js';
import { repositoryRoot } from './system.js';

const run = promisify(execFile);

/** Starts programs of all services, so `.ci/steps/52-operations` runs it. */
const operations = process.env.OPERATIONS_TESTS ? describe : describe.skip;

/** What identifies the member. Each value occurs nowhere else. */
const ids = { sub: 'sub-of-grace', patient: 'patient-of-grace' };
const persons = {
  number: 'number-of-grace',
  subject: 'grace-at-the-provider',
  name: 'Grace Ekstroem',
  family: 'Ekstroem',
  email: 'grace@members.example',
  phone: '555-0100-17',
};
/** Somebody else, whose data stays. */
const other = { sub: 'sub-of-otto', patient: 'patient-of-otto', email: 'otto@members.example' };

type Row = Record<string, unknown>;
type Tables = Record<string, readonly string[]>;

const identity = { environment: 'sandbox', sub: ids.sub };
const later = '2999-01-01T00:00:00Z';
const artifact = (model: string, payload: object): [string, Row] => [
  'oidc_artifact',
  { environment: 'sandbox', model, id_sha256: `${model} ${JSON.stringify(payload)}`, payload },
];
const grant = (grant_id: string, values: Row): [string, Row] => [
  'app_grant',
  { grant_id, environment: 'sandbox', status: 'active', expires_at: later, client_id: 'app', ...values },
];
const grantEvent = { data: { grant_id: 'g', sub: ids.sub, patient: ids.patient } };

/** Rows of every table that names a member, as the services write them. */
const seeds: Record<string, readonly [table: string, row: Row][]> = {
  auth_server: [
    [
      'member',
      {
        ...identity,
        username: persons.number,
        patient: ids.patient,
        name: persons.name,
        email: persons.email,
      },
    ],
    ['member', { environment: 'sandbox', username: 'otto', name: 'Otto', ...other }],
    ['member_identity', { ...identity, provider: 'plan', subject: persons.subject }],
    ['second_factor', identity],
    ['provider_session', { ...identity, token_sha256: 'a', subject: persons.subject, expires_at: later }],
    ['representation', { ...identity, patient: other.patient, related_person: 'related-1' }],
    [
      'representation',
      {
        environment: 'sandbox',
        sub: other.sub,
        patient: ids.patient,
        patient_name: persons.name,
        related_person: 'related-2',
      },
    ],
    artifact('Session', { accountId: ids.sub }),
    artifact('Interaction', { session: { accountId: ids.sub }, params: {} }),
    artifact('Interaction', { params: { login_hint: persons.number } }),
    artifact('Grant', { accountId: ids.sub, patient: ids.patient }),
    artifact('Grant', { accountId: other.sub, patient: ids.patient }),
    artifact('RefreshToken', { accountId: ids.sub }),
    artifact('SecondFactorStep', { sub: ids.sub }),
    artifact('PatientChoice', { sub: other.sub, patient: ids.patient }),
    artifact('SamlAnswer', { subject: persons.subject }),
    artifact('Session', { accountId: other.sub }),
    ['audit_entry', { action: 'signed-in', actor: ids.sub, sub: ids.sub }],
    ['outbox', { event: grantEvent }],
  ],
  consent: [
    grant('g1', { sub: ids.sub, patient: ids.patient }),
    grant('g2', {
      sub: other.sub,
      patient: ids.patient,
      patient_name: persons.name,
      related_person: 'related-2',
    }),
    grant('g3', {
      sub: ids.sub,
      patient: other.patient,
      given_by_name: persons.name,
      related_person: 'related-1',
    }),
    grant('g4', { sub: other.sub, patient: other.patient }),
    ['pending_consent', { ...identity, id: 'p1', request: { member_name: persons.name }, expires_at: later }],
    [
      'pending_consent',
      {
        environment: 'sandbox',
        sub: other.sub,
        id: 'p2',
        expires_at: later,
        request: { patient: ids.patient, representation: { patient_name: persons.name } },
      },
    ],
    ['session', { token_sha256: 's', subject: ids.sub, data: { name: persons.name }, expires_at: later }],
    ['record_count', { environment: 'sandbox', patient: ids.patient }],
    ['audit_entry', { action: 'grant-created', actor: ids.sub, sub: ids.sub }],
    ['outbox', { event: grantEvent }],
  ],
  registration: [
    ['mail', { recipient: persons.email.toUpperCase(), subject: 'An app has access', to_member: true }],
    ['mail', { recipient: other.email, to_member: true }],
    ['grant_history', { grant_id: 'g1', ...identity, patient: ids.patient }],
    ['audit_entry', { action: 'signed-in', actor: ids.sub, sub: ids.sub }],
  ],
  fhir_sandbox: [['record_count', { patient: ids.patient }]],
};

const resources = [
  {
    resourceType: 'Patient',
    id: ids.patient,
    identifier: [{ system: 'urn:number', value: persons.number }],
    name: [{ text: persons.name, family: persons.family }],
    telecom: [
      { system: 'phone', value: persons.phone },
      { system: 'email', value: persons.email },
    ],
  },
  {
    resourceType: 'Observation',
    id: 'weight',
    status: 'final',
    code: { text: `Weight of ${persons.name}` },
    subject: { reference: `Patient/${ids.patient}`, display: persons.name },
  },
  { resourceType: 'Patient', id: other.patient, name: [{ family: 'Otto' }] },
];

/** Tables with ids that the law wants kept, or that are records of acts (docs/operations.md). */
const kept: Tables = {
  auth_server: ['audit_entry', 'outbox'],
  consent: ['app_grant', 'audit_entry', 'outbox'],
  registration: ['audit_entry', 'grant_history'],
};

operations('a member who is removed', () => {
  let postgres: OwnPostgres;
  let directory: string;
  let roles: RoleUrls;
  const urls: Record<string, string> = {};

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'payer-removal-'));
    postgres = await startOwnPostgres();
    for (const name of ['postgres', ...databases]) urls[name] = await postgres.database(name);
    roles = await createDatabaseRoles((name) => urls[name]!, join(directory, 'passwords.json'));
    for (const { name } of services) {
      const env = { ...process.env, ...roles.serving(name), ...roles.migrating(name) };
      await run(process.execPath, [join(repositoryRoot, 'apps', name, 'dist/migrate.js')], { env });
    }
    for (const [database, rows] of Object.entries(seeds))
      await using(database, async (client) => {
        for (const [table, row] of rows) await insert(client, table, row);
      });
    const data = join(directory, 'data.ndjson');
    writeFileSync(data, resources.map((one) => JSON.stringify(one)).join('\n'));
    const load = join(repositoryRoot, 'apps/fhir-api/dist/load/main.js');
    await run(process.execPath, [load, '--environment', 'sandbox', data], { env: environment() });
  }, 240_000);
  afterAll(async () => {
    await postgres?.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  const environment = () => ({
    ...process.env,
    NODE_ENV: 'test',
    DATA_DIRECTORY: directory,
    ...roles.serving('fhir-api'),
    ...roles.migrating('fhir-api'),
    AUTH_SERVER_DATABASE_URL: roles.serving('auth-server').DATABASE_URL,
    CONSENT_DATABASE_URL: roles.serving('consent').DATABASE_URL,
    REGISTRATION_DATABASE_URL: roles.serving('registration').DATABASE_URL,
    DATABASE_URL: 'none',
  });

  async function using<T>(database: string, work: (client: Client) => Promise<T>): Promise<T> {
    const client = new Client({ connectionString: urls[database]! });
    await client.connect();
    try {
      return await work(client);
    } finally {
      await client.end();
    }
  }

  /** Inserts a row. Columns that must have a value and are not given get one of their type. */
  async function insert(client: Client, table: string, row: Row): Promise<void> {
    const { rows: columns } = await client.query<{ name: string; type: string }>(
      `SELECT column_name AS name, udt_name AS type FROM information_schema.columns
       WHERE table_schema = 'public' AND table_name = $1 AND is_nullable = 'NO' AND column_default IS NULL
         AND is_identity = 'NO'`,
      [table],
    );
    const ofType: Record<string, unknown> = {
      int4: 1,
      int8: 1,
      bool: false,
      timestamptz: new Date(),
      uuid: crypto.randomUUID(),
      jsonb: '{}',
      _text: [],
    };
    const values = {
      ...Object.fromEntries(columns.map(({ name, type }) => [name, type in ofType ? ofType[type] : 'x'])),
      ...row,
    };
    const names = Object.keys(values);
    await client.query(
      `INSERT INTO ${table} (${names.join(', ')}) VALUES (${names.map((_, n) => `$${n + 1}`).join(', ')})`,
      Object.values(values),
    );
  }

  /** The tables of a database with a row that has one of the texts in any column. */
  function tablesWith(database: string, texts: readonly string[]): Promise<string[]> {
    const hex = texts.map((text) => Buffer.from(text).toString('hex'));
    const patterns = [...texts, ...hex].map((text) => `%${text}%`);
    return using(database, async (client) => {
      const { rows: tables } = await client.query<{ name: string }>(
        `SELECT relname AS name FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')
           AND NOT relispartition ORDER BY 1`,
      );
      const found: string[] = [];
      for (const { name } of tables) {
        const { rows } = await client.query(
          `SELECT 1 FROM "${name}" AS one WHERE one::text ILIKE ANY($1) LIMIT 1`,
          [patterns],
        );
        if (rows.length > 0) found.push(name);
      }
      return found;
    });
  }

  const everywhere = async (texts: readonly string[]) =>
    Object.fromEntries(
      (
        await Promise.all(databases.map(async (name) => [name, await tablesWith(name, texts)] as const))
      ).filter(([, tables]) => tables.length > 0),
    );

  it('is named in no column of any database afterwards, but for the ids that the law wants kept', async () => {
    const all = [...Object.values(ids), ...Object.values(persons)];
    const before = await everywhere(all);
    for (const [database, rows] of Object.entries(seeds))
      expect(before[database]).toEqual(expect.arrayContaining([...new Set(rows.map(([table]) => table))]));
    expect(before.fhir_sandbox).toEqual(expect.arrayContaining(['member_resource']));
    const main = join(repositoryRoot, 'tools/local/dist/remove-member.js');
    const args = [main, '--environment', 'sandbox', '--member', persons.number];
    const { stdout } = await run(process.execPath, args, { env: environment() });
    expect(stdout).toContain('registration: 1 mails deleted');
    expect(await everywhere(Object.values(persons))).toEqual({});
    expect(await everywhere(Object.values(ids))).toEqual(kept);
    const ofOther = await everywhere([other.sub, other.patient, other.email]);
    expect(ofOther.auth_server).toEqual(expect.arrayContaining(['member', 'oidc_artifact']));
    expect(ofOther.registration).toEqual(['mail']);
    expect(ofOther.fhir_sandbox).toContain('member_resource');
  }, 120_000);

  it('leaves the mails to an address that another member has, too', async () => {
    await using('auth_server', async (client) => {
      for (const name of ['one', 'two'])
        await insert(client, 'member', {
          environment: 'sandbox',
          sub: name,
          username: name,
          patient: name,
          email: 'household@members.example',
        });
    });
    await using('registration', (client) =>
      insert(client, 'mail', { recipient: 'household@members.example', to_member: true }),
    );
    const main = join(repositoryRoot, 'tools/local/dist/remove-member.js');
    const remove = (member: string) =>
      run(process.execPath, [main, '--environment', 'sandbox', '--member', member], { env: environment() });
    await remove('one');
    expect(await tablesWith('registration', ['household@'])).toEqual(['mail']);
    await remove('two');
    expect(await tablesWith('registration', ['household@'])).toEqual([]);
  }, 120_000);
});

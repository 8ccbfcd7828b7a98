import { afterAll, beforeAll, beforeEach } from 'vitest';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { randomUUID } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { DataSource } from 'typeorm';
import type { CloudEvent, EventData } from '@payer/smart';
import { eventually, startOwnPostgres, type OwnPostgres } from '@payer/testing';
import {
  AddRecovery1764260000000,
  addToOutbox,
  CreateFactFeed1764200000000,
  CreateOutbox1764000000000,
  FactKeeper,
  JournalReader,
  OutboxRelay,
  readIdentity,
  type EventPublisher,
  type FactsOwner,
} from '../../index.js';
import { revocation, silent } from '../../testing/event-bench.js';

/** An owner with revoked tokens as its facts. */
export function ownerOfTokens(faults: { failAfter?: number } = {}): FactsOwner {
  const step = () => {
    if (faults.failAfter !== undefined && faults.failAfter-- === 0) throw new Error('the process was killed');
  };
  return {
    service: 'auth-server',
    source: {
      select: 'SELECT id AS key, version FROM fact',
      toFact: ({ key, version }: { key: string; version: string }) =>
        revocation(key, 'restored', Number(version)),
    } as FactsOwner['source'],
    isJournaled: ({ type }) => type === 'token-revoked' || type === 'token-used',
    async apply(client, events) {
      step();
      for (const { data, subject } of events)
        await client.query(
          `INSERT INTO fact VALUES ($1, $2)
           ON CONFLICT (id) DO UPDATE SET version = greatest(fact.version, excluded.version)`,
          [subject, (data as { version?: number }).version ?? 1],
        );
      step();
    },
    async forgetUnconfirmed(client) {
      step();
      await client.query('DELETE FROM session');
    },
    endAll: () => Promise.resolve([]),
    isNeeded: () => false,
    missing: () => Promise.resolve([]),
  };
}

/** Holds the tables of an owner's database; each test gets a copy. */
const template = 'migrated';

async function migrate(url: string): Promise<void> {
  const migrations = [CreateOutbox1764000000000, CreateFactFeed1764200000000, AddRecovery1764260000000];
  const source = await new DataSource({ type: 'postgres', url, migrations }).initialize();
  await source.runMigrations();
  await source.query(
    'CREATE TABLE fact (id text PRIMARY KEY, version bigint); CREATE TABLE session (id text)',
  );
  await source.destroy();
}

/**
 * An owner's database with outbox and journal, which a test backs up and restores. One PostgreSQL for the
 * test file, and a new database and journal for each test.
 */
export function restoredDatabase() {
  let postgres: OwnPostgres;
  let directory: string;
  let journal: string;
  let name: string;
  let url: string;
  let admin: Client;
  const published: CloudEvent[] = [];
  const closing: (() => Promise<unknown>)[] = [];

  beforeAll(async () => {
    postgres = await startOwnPostgres();
    admin = new Client({ connectionString: await postgres.database('postgres') });
    await admin.connect();
    await migrate(await postgres.database(template));
  }, 60_000);
  afterAll(async () => {
    await admin.end();
    await postgres.stop();
  });

  beforeEach(async () => {
    for (const close of closing.splice(0)) await close();
    directory = mkdtempSync(join(tmpdir(), 'payer-recovery-'));
    chmodSync(directory, 0o755);
    closing.push(async () => rmSync(directory, { recursive: true, force: true }));
    journal = join(directory, 'journal');
    published.length = 0;
    name = `service_${randomUUID().slice(0, 8)}`;
    await admin.query(`CREATE DATABASE ${name} TEMPLATE ${template} STRATEGY file_copy`);
    url = await postgres.database(name);
    await query('UPDATE database_identity SET id = gen_random_uuid()');
  });
  afterAll(async () => {
    for (const close of closing.splice(0)) await close();
  });

  const logger = process.env.SHOW ? console : silent;
  const options = (owner = ownerOfTokens()) => ({ databaseUrl: url, owner, journal, logger });
  const publisher: EventPublisher = {
    async publishEvents(events) {
      published.push(...events);
    },
    close() {},
  };

  async function query<Row>(text: string, values: unknown[] = [], database = url): Promise<Row[]> {
    const client = new Client({ connectionString: database });
    await client.connect();
    try {
      return (await client.query(text, values)).rows as Row[];
    } finally {
      await client.end();
    }
  }
  /** The facts in the database, each as its id and version. */
  const facts = async () =>
    (await query<{ id: string; version: string }>('SELECT * FROM fact ORDER BY id')).map(
      ({ id, version }) => `${id} ${version}`,
    );
  const identity = async () => {
    const client = new Client({ connectionString: url });
    await client.connect();
    return readIdentity(client).finally(() => client.end());
  };
  /** The number of events that the relay has not published yet. */
  const outboxRows = async () =>
    Number((await query<{ count: string }>('SELECT count(*) FROM outbox'))[0]!.count);

  /** Commits a fact and its event in one transaction. */
  async function commitFact(id: string, version = 1): Promise<void> {
    const client = new Client({ connectionString: url });
    await client.connect();
    await client.query('BEGIN');
    await client.query('INSERT INTO fact VALUES ($1, $2) ON CONFLICT (id) DO UPDATE SET version = $2', [
      id,
      version,
    ]);
    await addToOutbox(
      client,
      'token-revoked',
      revocation(id, 'restored', version) as EventData<'token-revoked'>,
    );
    await client.query('COMMIT');
    await client.end();
  }

  function relay(to: EventPublisher = publisher, owner = ownerOfTokens()): OutboxRelay {
    const started = new OutboxRelay(url, to, logger, new FactKeeper(options(owner)));
    started.start();
    closing.unshift(() => started.stop());
    return started;
  }
  const untilRelayed = () => eventually(async () => (await outboxRows()) === 0);

  /** Publishes and journals all waiting rows. */
  async function relayAll(): Promise<void> {
    const started = relay();
    await untilRelayed();
    await started.stop();
  }
  /** Copies the database. */
  const backUp = () => admin.query(`CREATE DATABASE ${name}_backup TEMPLATE ${name} STRATEGY file_copy`);
  /** Replaces the database with its copy: PostgreSQL gives it another oid. */
  async function restore(): Promise<void> {
    await admin.query(`DROP DATABASE ${name} WITH (FORCE)`);
    await admin.query(`CREATE DATABASE ${name} TEMPLATE ${name}_backup STRATEGY file_copy`);
  }
  /**
   * Restores in place, as a copied data directory would: PostgreSQL's own identity of the database stays the
   * same.
   */
  async function restoreInPlace(): Promise<void> {
    const before = (
      await query<{ row: string }>(
        'SELECT to_jsonb(database_identity) AS row FROM database_identity',
        [],
        await postgres.database(`${name}_backup`),
      )
    )[0]!.row;
    const old = await query<{ id: string; version: string }>(
      'SELECT * FROM fact',
      [],
      await postgres.database(`${name}_backup`),
    );
    await query('TRUNCATE fact, outbox');
    for (const { id, version } of old) await query('INSERT INTO fact VALUES ($1, $2)', [id, version]);
    await query(
      `UPDATE database_identity SET id = old.id, journal_positions = old.journal_positions
       FROM jsonb_populate_record(NULL::database_identity, $1) old`,
      [before],
    );
  }
  /** Ids of the journaled events, in order. */
  const journaled = async () => {
    const ids: string[] = [];
    for await (const { event } of new JournalReader(journal, 'auth-server').all()) ids.push(event!.id);
    return ids;
  };

  return {
    /** The events that the relay has published. */
    published,
    /** Closes something before the next test. */
    atEnd: (close: () => Promise<unknown>) => closing.push(close),
    get postgres() {
      return postgres;
    },
    /** A session of the superuser. */
    get admin() {
      return admin;
    },
    /** Directory of the journal. */
    get journal() {
      return journal;
    },
    /** Name of the service's database. */
    get name() {
      return name;
    },
    get url() {
      return url;
    },
    options,
    query,
    facts,
    identity,
    outboxRows,
    untilRelayed,
    commitFact,
    relay,
    relayAll,
    backUp,
    restore,
    restoreInPlace,
    journaled,
  };
}

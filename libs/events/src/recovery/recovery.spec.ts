import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { chmodSync, existsSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { randomUUID } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { DataSource } from 'typeorm';
import type { CloudEvent, EventData } from '@payer/smart';
import { eventually, startTestPostgres, type TestPostgres } from '@payer/testing';
import {
  AddRecovery1764260000000,
  addToOutbox,
  createConsumer,
  CreateFactFeed1764200000000,
  CreateOutbox1764000000000,
  createPublisher,
  ensureRecovered,
  eventMetrics,
  FactKeeper,
  JournalReader,
  OutboxRelay,
  readDatabaseIdentity,
  readIdentity,
  RestoreNeedsDecision,
  type EventPublisher,
  type FactsOwner,
  localSigner,
  publicKeysOf,
} from '../index.js';
import { JournalWriter } from '../journal/writer.js';
import { revocation, silent } from '../transport.suite.js';

/** An owner with revoked tokens as its facts. */
function toyOwner(faults: { failAfter?: number } = {}): FactsOwner {
  const step = () => {
    if (faults.failAfter !== undefined && faults.failAfter-- === 0) throw new Error('the process was killed');
  };
  return {
    service: 'auth-server',
    source: {
      select: 'SELECT id AS key, version FROM fact',
      toFact: ({ key, version }: { key: string; version: string }) => revocation(key, 'toy', Number(version)),
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

describe('a database that was restored', () => {
  let postgres: TestPostgres;
  let directory: string;
  let journal: string;
  let name: string;
  let url: string;
  let admin: Client;
  let publishing: Promise<void> | undefined;
  let published: CloudEvent[];
  const closing: (() => Promise<unknown>)[] = [];

  beforeAll(async () => {
    postgres = await startTestPostgres();
    admin = new Client({ connectionString: await postgres.database('postgres') });
    await admin.connect();
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
    published = [];
    publishing = undefined;
    name = `service_${randomUUID().slice(0, 8)}`;
    url = await postgres.database(name);
    const source = await new DataSource({
      type: 'postgres',
      url,
      migrations: [CreateOutbox1764000000000, CreateFactFeed1764200000000, AddRecovery1764260000000],
    }).initialize();
    await source.runMigrations();
    await source.query(
      'CREATE TABLE fact (id text PRIMARY KEY, version bigint); CREATE TABLE session (id text)',
    );
    await source.destroy();
  });
  afterAll(async () => {
    for (const close of closing.splice(0)) await close();
  });

  const logger = process.env.SHOW ? console : silent;
  const options = (owner = toyOwner()) => ({ databaseUrl: url, owner, journal, logger });
  const publisher: EventPublisher = {
    async publishEvents(events) {
      await publishing;
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
  const facts = async () =>
    (await query<{ id: string; version: string }>('SELECT * FROM fact ORDER BY id')).map(
      ({ id, version }) => `${id} ${version}`,
    );
  const identity = async () => {
    const client = new Client({ connectionString: url });
    await client.connect();
    return readIdentity(client).finally(() => client.end());
  };
  const waiting = async () =>
    Number((await query<{ count: string }>('SELECT count(*) FROM outbox'))[0]!.count);

  /** Commits a fact and its event in one transaction. */
  async function tell(id: string, version = 1): Promise<void> {
    const client = new Client({ connectionString: url });
    await client.connect();
    await client.query('BEGIN');
    await client.query('INSERT INTO fact VALUES ($1, $2) ON CONFLICT (id) DO UPDATE SET version = $2', [
      id,
      version,
    ]);
    await addToOutbox(client, 'token-revoked', revocation(id, 'toy', version) as EventData<'token-revoked'>);
    await client.query('COMMIT');
    await client.end();
  }

  function relay(to: EventPublisher = publisher, owner = toyOwner()): OutboxRelay {
    const started = new OutboxRelay(url, to, logger, new FactKeeper(options(owner)));
    started.start();
    closing.unshift(() => started.stop());
    return started;
  }
  /** Publishes and journals all waiting rows. */
  async function relayAll(): Promise<void> {
    const started = relay();
    await eventually(async () => (await waiting()) === 0);
    await started.stop();
  }
  const backUp = () => admin.query(`CREATE DATABASE ${name}_backup TEMPLATE ${name}`);
  async function restore(): Promise<void> {
    await admin.query(`DROP DATABASE ${name} WITH (FORCE)`);
    await admin.query(`CREATE DATABASE ${name} TEMPLATE ${name}_backup`);
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
  const journaled = async () => {
    const ids: string[] = [];
    for await (const { event } of new JournalReader(journal, 'auth-server').all()) ids.push(event!.id);
    return ids;
  };

  for (const [how, bringBack] of [
    ['as another database', restore],
    ['in place', restoreInPlace],
  ] as const)
    it(`${how}, takes the facts that it lacks from the journal, is another one from then on, and tells them again`, async () => {
      await tell('before');
      await relayAll();
      await backUp();
      await tell('before', 2);
      await tell('after');
      await relayAll();
      await query("INSERT INTO session VALUES ('signed out since')");
      const { stored: known } = await identity();
      await bringBack();
      expect(await facts()).toEqual(['before 1']);
      published = [];
      const started = relay();
      await eventually(() => published.length >= 2);
      await started.stop();
      expect(await facts()).toEqual(['after 1', 'before 2']);
      expect(published.map(({ subject }) => subject).sort()).toEqual(['after', 'before']);
      expect(await query('SELECT * FROM session')).toEqual([]);
      const { stored } = await identity();
      expect(stored.id).not.toBe(known.id);
      // A second check finds nothing to do. A second restore of the same backup is noticed again.
      await ensureRecovered(options());
      expect((await identity()).stored.id).toBe(stored.id);
      await tell('later');
      await relayAll();
      await bringBack();
      await ensureRecovered(options());
      expect(await facts()).toEqual(['after 1', 'before 2', 'later 1']);
    });

  it('serves no feed before it has recovered', async () => {
    await ensureRecovered(options());
    await backUp();
    await restore();
    const client = new Client({ connectionString: url });
    await client.connect();
    await expect(readDatabaseIdentity(client)).rejects.toThrow('has not recovered yet');
    await ensureRecovered(options());
    expect(await readDatabaseIdentity(client)).toMatchObject({ restoredSecondsAgo: expect.any(Number) });
    await client.end();
  });

  it('is not served when its journal is lost or damaged, until somebody decides', async () => {
    await tell('one');
    await relayAll();
    await backUp();
    await tell('two');
    await relayAll();
    renameSync(journal, `${journal}.away`);
    await restore();
    await expect(ensureRecovered(options())).rejects.toThrow(RestoreNeedsDecision);
    for (const file of readdirSync(`${journal}.away`)) writeFileSync(join(`${journal}.away`, file), '');
    renameSync(`${journal}.away`, journal);
    await expect(ensureRecovered(options())).rejects.toThrow(/entry|entries/);
    expect(await facts()).toEqual(['one 1']);
  });

  it('killed at any step of the recovery, it recovers at the next try', async () => {
    await ensureRecovered(options());
    await backUp();
    for (let count = 0; count < 7; count++) await tell(`fact-${count}`);
    await relayAll();
    for (let failAfter = 0; ; failAfter++) {
      await restore();
      await query("INSERT INTO session VALUES ('any')");
      const failed = await ensureRecovered(options(toyOwner({ failAfter }))).then(
        () => false,
        () => true,
      );
      await Promise.all([ensureRecovered(options()), ensureRecovered(options())]);
      expect(await facts()).toHaveLength(7);
      expect(await query('SELECT * FROM session')).toEqual([]);
      if (!failed) return expect(failAfter).toBeGreaterThan(2);
    }
  });

  it('a relay that dies before it notes its position, or starts again, is no restore; an entry is written once', async () => {
    for (let round = 0; round < 4; round++) {
      await tell(`round-${round}`);
      const stuck = relay({ publishEvents: () => Promise.reject(new Error('the log is away')), close() {} });
      await eventually(async () => (await journaled()).length === round + 1);
      await new Promise((resolve) => setTimeout(resolve, 150));
      await stuck.stop();
      const { stored } = await identity();
      await ensureRecovered(options());
      expect((await identity()).stored.id).toBe(stored.id);
      await relayAll();
      expect(await journaled()).toHaveLength(round + 1);
    }
    expect(new Set(await journaled()).size).toBe(4);
  });

  it('a relay that stood by while another led goes on where that one stopped, and is no restore', async () => {
    const leader = relay();
    await eventually(async () => {
      const locks = await query<{ n: number }>(
        "SELECT count(*)::int AS n FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = $1)",
        [name],
      );
      return locks[0]!.n > 0;
    });
    const standby = relay();
    for (let i = 0; i < 5; i++) {
      await tell(`led-${i}`);
      await eventually(async () => (await waiting()) === 0);
    }
    const { stored } = await identity();
    await leader.stop();
    await tell('after');
    await eventually(async () => (await waiting()) === 0);
    await standby.stop();
    const numbers: number[] = [];
    for await (const { number } of new JournalReader(journal, 'auth-server').all()) numbers.push(number);
    expect(numbers.sort((one, other) => one - other)).toEqual([1, 2, 3, 4, 5, 6]);
    await ensureRecovered(options());
    expect((await identity()).stored.id).toBe(stored.id);
  });

  it('a journal that refuses delays no event; its facts wait in the outbox until it takes them', async () => {
    const append = jest
      .spyOn(JournalWriter.prototype, 'append')
      .mockRejectedValue(new Error('no space left on device'));
    const started = relay();
    await tell('kept back');
    await eventually(() => published.length === 1);
    const failing = async () => (await eventMetrics.journalFailing.get()).values[0]?.value;
    await eventually(async () => (await failing()) === 1);
    await tell('second');
    await eventually(() => published.length === 2, { timeout: 3000 });
    expect(await waiting()).toBe(2);
    append.mockRestore();
    await eventually(async () => (await waiting()) === 0);
    expect(await journaled()).toHaveLength(2);
    expect(published).toHaveLength(2);
    expect(await failing()).toBe(0);
    await started.stop();
  });

  it('a journal that vanishes while it is written is an alarm that stays, and its next entries are kept', async () => {
    const started = relay();
    await tell('kept');
    await eventually(async () => (await waiting()) === 0);
    const faults = async () => (await eventMetrics.journalFaults.get()).values[0]?.value;
    expect(await faults()).toBe(0);
    rmSync(journal, { recursive: true });
    await tell('after the loss');
    await eventually(async () => (await waiting()) === 0);
    expect(await journaled()).toHaveLength(1);
    expect(await faults()).toBe(1);
    await started.stop();
  });

  it('a journal that takes for ever delays no event either', async () => {
    const keeper = new FactKeeper(options());
    await keeper.begin();
    (keeper as unknown as { write(): Promise<void> }).write = () => new Promise(() => undefined);
    const started = performance.now();
    const event = { id: randomUUID(), type: 'token-revoked', subject: 's', time: '', data: {} };
    await keeper.keep([event], 50);
    expect(performance.now() - started).toBeLessThan(1000);
    expect(keeper.isKept(event)).toBe(false);
  });

  it('what is for the journal alone reaches the journal and nobody else', async () => {
    const id = randomUUID();
    const event = { id, type: 'token-used', subject: 'x', time: new Date().toISOString(), data: {} };
    await query('INSERT INTO outbox_journal (event_id, event) VALUES ($1, $2)', [id, event]);
    const started = relay();
    await eventually(async () => (await query('SELECT 1 FROM outbox_journal')).length === 0);
    expect(await journaled()).toEqual([id]);
    expect(published).toEqual([]);
    await started.stop();
  });

  it('a database that was dropped and made again takes all that the journal has', async () => {
    await ensureRecovered(options());
    await backUp();
    await tell('one');
    await relayAll();
    await restore();
    await query(
      'UPDATE database_identity SET id = gen_random_uuid(), system_identifier = NULL, timeline = NULL, database_oid = NULL',
    );
    await ensureRecovered(options());
    expect(await facts()).toEqual(['one 1']);
  });

  it('facts are published again when somebody asks for it, some at a time, from where a killed relay had come', async () => {
    await query("INSERT INTO fact SELECT 'f' || lpad(n::text, 5, '0'), 1 FROM generate_series(1, 1234) n");
    await ensureRecovered(options());
    const first = relay();
    await query("UPDATE database_identity SET republish_after = ''");
    await eventually(() => published.length > 0);
    await first.stop();
    await relayAll();
    const second = relay();
    await eventually(() => new Set(published.map(({ subject }) => subject)).size === 1234);
    await second.stop();
    expect(await query('SELECT 1 FROM database_identity WHERE republish_after IS NULL')).toHaveLength(1);
  });

  describe('the log', () => {
    let events: string;
    let eventsUrl: string;
    const config = () => ({ EVENT_TRANSPORT: 'postgres' as const, EVENTS_DATABASE_URL: eventsUrl });
    const inLog = () =>
      query<{ key: string }>('SELECT key FROM event_log ORDER BY position', [], eventsUrl).then((rows) =>
        rows.map(({ key }) => key),
      );

    beforeEach(async () => {
      events = `events_${randomUUID().slice(0, 8)}`;
      eventsUrl = await postgres.database(events);
    });

    async function start() {
      const client = await createPublisher(config(), localSigner);
      relay(client);
      closing.push(async () => client.close());
      await eventually(
        async () => (await query('SELECT 1 FROM database_identity WHERE log_memory IS NOT NULL')).length > 0,
      );
    }
    /** Waits until the relay has stored the end of the log. */
    const remembered = (position: number) =>
      eventually(
        async () =>
          (
            await query(`SELECT 1 FROM database_identity WHERE log_memory->>'position' = $1`, [
              String(position),
            ])
          ).length > 0,
      );

    it('that was dropped and made again is told every fact again, while the service runs', async () => {
      await start();
      await tell('one');
      await eventually(async () => (await inLog()).length === 1);
      await remembered(1);
      await admin.query(`DROP DATABASE ${events} WITH (FORCE)`);
      await admin.query(`CREATE DATABASE ${events}`);
      await eventually(async () => (await inLog().catch((): string[] => [])).includes('one'));
    });

    it('that lost its tail and has grown beyond it since is noticed, and becomes another log to its readers', async () => {
      const consumer = await createConsumer(config(), {
        consumer: 'reader',
        publicKeys: publicKeysOf({}),
        mode: 'replica',
      });
      const before = (await query<{ id: string }>('SELECT id FROM event_log_identity', [], eventsUrl))[0]!.id;
      await start();
      await tell('one');
      await tell('two');
      await eventually(async () => (await inLog()).length === 2);
      await remembered(2);
      // A standby without the last event takes over, and another publisher fills the event's position.
      await query(
        `WITH cut AS (DELETE FROM event_log WHERE position = 2)
         INSERT INTO event_log (position, event_id, topic, key, event) VALUES (3, 'x', 'token-revoked', 'other', '{}')`,
        [],
        eventsUrl,
      );
      await query(`UPDATE event_head SET position = 3`, [], eventsUrl);
      await eventually(async () => (await inLog()).filter((key) => key === 'two').length === 1);
      const after = (await query<{ id: string }>('SELECT id FROM event_log_identity', [], eventsUrl))[0]!.id;
      expect(after).not.toBe(before);
      await consumer.close();
    });

    it('that is as it was is told nothing twice, however long the service was idle', async () => {
      await start();
      await tell('one');
      await eventually(async () => (await inLog()).length === 1);
      await new Promise((resolve) => setTimeout(resolve, 4500));
      expect(await inLog()).toEqual(['one']);
    });
  });

  it('a journal is not made before there is something to keep', async () => {
    const started = relay();
    await eventually(async () => (await identity()).stored.system_identifier !== null);
    await started.stop();
    expect(existsSync(journal)).toBe(false);
  });
});

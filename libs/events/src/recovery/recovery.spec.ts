import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { existsSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { Client } from 'pg';
import type { Gauge } from 'prom-client';
import { eventually } from '@payer/testing';
import {
  createConsumer,
  createPublisher,
  ensureRecovered,
  eventMetrics,
  FactKeeper,
  JournalReader,
  localSigner,
  publicKeysOf,
  readDatabaseIdentity,
  RestoreNeedsDecision,
} from '../index.js';
import { JournalWriter } from '../journal/writer.js';
import type { Queries } from './queries.js';
import { inspect } from './recovery.js';
import { ownerOfTokens, restoredDatabase } from './testing/restored-database.js';

/** The value of a metric for the owner of these tests; other files of the process may have set it, too. */
async function valueOf(metric: Gauge): Promise<number | undefined> {
  return (await metric.get()).values.find(({ labels }) => labels.service === 'auth-server')?.value;
}

describe('a database that was restored', () => {
  const database = restoredDatabase();
  const { options, query, facts, identity, outboxRows, untilRelayed, commitFact, relay, relayAll } = database;
  const { backUp, restore, journaled, published } = database;

  for (const [how, bringBack] of [
    ['as another database', database.restore],
    ['in place', database.restoreInPlace],
  ] as const)
    it(`${how}, takes the facts that it lacks from the journal, is another one from then on, and publishes them again`, async () => {
      await commitFact('before');
      await relayAll();
      await backUp();
      await commitFact('before', 2);
      await commitFact('after');
      await relayAll();
      await query("INSERT INTO session VALUES ('signed out since')");
      const { stored: known } = await identity();
      await bringBack();
      expect(await facts()).toEqual(['before 1']);
      published.length = 0;
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
      await commitFact('later');
      await relayAll();
      await bringBack();
      await ensureRecovered(options());
      expect(await facts()).toEqual(['after 1', 'before 2', 'later 1']);
    });

  it('serves no feed before it has recovered', async () => {
    await ensureRecovered(options());
    await backUp();
    await restore();
    const client = new Client({ connectionString: database.url });
    await client.connect();
    await expect(readDatabaseIdentity(client)).rejects.toThrow('has not recovered yet');
    await ensureRecovered(options());
    expect(await readDatabaseIdentity(client)).toMatchObject({ restoredSecondsAgo: expect.any(Number) });
    await client.end();
  });

  it('is not served when its journal is lost or damaged, until an operator decides', async () => {
    await commitFact('one');
    await relayAll();
    await backUp();
    await commitFact('two');
    await relayAll();
    renameSync(database.journal, `${database.journal}.away`);
    await restore();
    await expect(ensureRecovered(options())).rejects.toThrow(RestoreNeedsDecision);
    for (const file of readdirSync(`${database.journal}.away`))
      writeFileSync(join(`${database.journal}.away`, file), '');
    renameSync(`${database.journal}.away`, database.journal);
    await expect(ensureRecovered(options())).rejects.toThrow(/entry|entries/);
    expect(await facts()).toEqual(['one 1']);
  });

  it('raises its versions above those that a consumer has read before the journal had them', async () => {
    const owner = {
      ...ownerOfTokens(),
      raiseVersions: async (client: Queries) =>
        void (await client.query('UPDATE fact SET version = version + 1000')),
    };
    await commitFact('one');
    await relayAll();
    await backUp();
    // A reader of the feed knows this version. Neither the journal nor the log has it.
    await commitFact('one', 2);
    await restore();
    await ensureRecovered(options(owner));
    expect(await facts()).toEqual(['one 1001']);
    await ensureRecovered(options(owner));
    expect(await facts()).toEqual(['one 1001']);
  });

  it('killed at any step of the recovery, it recovers at the next try', async () => {
    await ensureRecovered(options());
    await backUp();
    for (let count = 0; count < 7; count++) await commitFact(`fact-${count}`);
    await relayAll();
    for (let failAfter = 0; ; failAfter++) {
      await restore();
      await query("INSERT INTO session VALUES ('any')");
      const failed = await ensureRecovered(options(ownerOfTokens({ failAfter }))).then(
        () => false,
        () => true,
      );
      await Promise.all([ensureRecovered(options()), ensureRecovered(options())]);
      expect(await facts()).toHaveLength(7);
      expect(await query('SELECT * FROM session')).toEqual([]);
      if (!failed) return expect(failAfter).toBeGreaterThan(2);
    }
  });

  it('that recovers at any step of a check is never taken for the database of before', async () => {
    await commitFact('before');
    await relayAll();
    await backUp();
    await commitFact('after');
    await relayAll();
    for (let step = 1; ; step++) {
      await database.restoreInPlace();
      const client = new Client({ connectionString: database.url });
      await client.connect();
      const { stored: before } = await identity();
      let steps = 0;
      const interrupted: Queries = {
        async query(...statement) {
          if (++steps === step) await ensureRecovered(options());
          return client.query(...statement);
        },
      };
      const { reason, identity: found } = await inspect(
        interrupted,
        new JournalReader(database.journal, 'auth-server'),
      );
      await client.end();
      if (steps < step) return expect(step).toBeGreaterThan(3);
      if (!reason) expect(found.stored.id).not.toBe(before.id);
    }
  });

  it('a relay that dies before it notes its position, or starts again, is no restore; an entry is written once', async () => {
    for (let round = 0; round < 4; round++) {
      await commitFact(`round-${round}`);
      let attempts = 0;
      const publishEvents = () => {
        attempts += 1;
        return Promise.reject(new Error('the log is away'));
      };
      const stuck = relay({ publishEvents, close() {} });
      await eventually(async () => (await journaled()).length === round + 1);
      await eventually(() => attempts >= 2);
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
        [database.name],
      );
      return locks[0]!.n > 0;
    });
    const standby = relay();
    for (let i = 0; i < 5; i++) {
      await commitFact(`led-${i}`);
      await untilRelayed();
    }
    const { stored } = await identity();
    await leader.stop();
    await commitFact('after');
    await untilRelayed();
    await standby.stop();
    const numbers: number[] = [];
    for await (const { number } of new JournalReader(database.journal, 'auth-server').all())
      numbers.push(number);
    expect(numbers.sort((one, other) => one - other)).toEqual([1, 2, 3, 4, 5, 6]);
    await ensureRecovered(options());
    expect((await identity()).stored.id).toBe(stored.id);
  });

  it('a journal that refuses delays no event; its facts wait in the outbox until it takes them', async () => {
    const append = vi
      .spyOn(JournalWriter.prototype, 'append')
      .mockRejectedValue(new Error('no space left on device'));
    onTestFinished(() => append.mockRestore());
    const started = relay();
    await commitFact('kept back');
    await eventually(() => published.length === 1);
    const failing = () => valueOf(eventMetrics.journalFailing);
    await eventually(async () => (await failing()) === 1);
    await commitFact('second');
    await eventually(() => published.length === 2);
    expect(await outboxRows()).toBe(2);
    append.mockRestore();
    await untilRelayed();
    expect(await journaled()).toHaveLength(2);
    expect(published).toHaveLength(2);
    expect(await failing()).toBe(0);
    await started.stop();
  });

  it('a journal that vanishes while it is written is an alarm that stays, and its next entries are kept', async () => {
    const started = relay();
    await commitFact('kept');
    await untilRelayed();
    const faults = () => valueOf(eventMetrics.journalFaults);
    expect(await faults()).toBe(0);
    rmSync(database.journal, { recursive: true });
    await commitFact('after the loss');
    await untilRelayed();
    expect(await journaled()).toHaveLength(1);
    expect(await faults()).toBe(1);
    await started.stop();
  });

  it('a journal that never answers delays no event either', async () => {
    const keeper = new FactKeeper(options());
    await keeper.begin();
    (keeper as unknown as { write(): Promise<void> }).write = () => new Promise(() => undefined);
    const event = { id: randomUUID(), type: 'token-revoked', subject: 's', time: '', data: {} };
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      const kept = keeper.keep([event], 50);
      await vi.advanceTimersByTimeAsync(50);
      await kept;
    } finally {
      vi.useRealTimers();
    }
    expect(keeper.isKept(event)).toBe(false);
  });

  it('an event for the journal alone reaches the journal and no consumer', async () => {
    const id = randomUUID();
    const event = { id, type: 'token-used', subject: 'x', time: new Date().toISOString(), data: {} };
    await query('INSERT INTO outbox_journal (event_id, event) VALUES ($1, $2)', [id, event]);
    const started = relay();
    await eventually(async () => (await query('SELECT 1 FROM outbox_journal')).length === 0);
    expect(await journaled()).toEqual([id]);
    expect(published).toEqual([]);
    await started.stop();
  });

  it('a database that was dropped and made again takes every fact of the journal', async () => {
    await ensureRecovered(options());
    await backUp();
    await commitFact('one');
    await relayAll();
    await restore();
    await query(
      'UPDATE database_identity SET id = gen_random_uuid(), system_identifier = NULL, timeline = NULL, database_oid = NULL',
    );
    await ensureRecovered(options());
    expect(await facts()).toEqual(['one 1']);
  });

  it('facts are published again on request, some at a time, from the position of a killed relay', async () => {
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
      eventsUrl = await database.postgres.database(events);
    });

    async function start() {
      const client = await createPublisher(config(), localSigner);
      relay(client);
      database.atEnd(async () => client.close());
      await eventually(
        async () => (await query('SELECT 1 FROM database_identity WHERE log_memory IS NOT NULL')).length > 0,
      );
    }
    /** Waits until the relay has stored the end of the log. */
    const logEndStored = (position: number) =>
      eventually(
        async () =>
          (
            await query(`SELECT 1 FROM database_identity WHERE log_memory->>'position' = $1`, [
              String(position),
            ])
          ).length > 0,
      );

    it('that was dropped and made again gets every fact again, while the service runs', async () => {
      await start();
      await commitFact('one');
      await eventually(async () => (await inLog()).length === 1);
      await logEndStored(1);
      await database.admin.query(`DROP DATABASE ${events} WITH (FORCE)`);
      await database.admin.query(`CREATE DATABASE ${events}`);
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
      await commitFact('one');
      await commitFact('two');
      await eventually(async () => (await inLog()).length === 2);
      await logEndStored(2);
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

    it('that is unchanged gets nothing twice, however long the service was idle', async () => {
      await start();
      await commitFact('one');
      await eventually(async () => (await inLog()).length === 1);
      const checks = vi.spyOn(FactKeeper.prototype, 'checkLog');
      await eventually(() => checks.mock.results.length >= 2);
      await Promise.all(checks.mock.results.map(({ value }) => value as Promise<boolean>));
      checks.mockRestore();
      expect(await inLog()).toEqual(['one']);
    });
  });

  it('no journal exists before the first fact', async () => {
    const started = relay();
    await eventually(async () => (await identity()).stored.system_identifier !== null);
    await started.stop();
    expect(existsSync(database.journal)).toBe(false);
  });
});

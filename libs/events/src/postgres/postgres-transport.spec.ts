import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { randomUUID } from 'node:crypto';
import { cloudEvent, type CloudEvent } from '@payer/smart';
import { eventually } from '@payer/testing';
import { DataSource } from 'typeorm';
import {
  addToOutbox,
  CreateOutbox1764000000000,
  openDeadLetters,
  OutboxRelay,
  PostgresEventLog,
  type PostgresEventServer,
  whenRelayed,
} from '../index.js';
import {
  EventBench,
  revocation,
  revocationEvent,
  seen,
  silent,
  untilCaughtUp,
} from '../testing/event-bench.js';
import { eventTransportSuite } from '../transport.suite.js';

const onPostgres = async (postgres: { database(name: string): Promise<string> }) => ({
  EVENT_TRANSPORT: 'postgres' as const,
  EVENTS_DATABASE_URL: await postgres.database('events'),
});

describe('events over PostgreSQL', () => {
  eventTransportSuite(onPostgres);
});

describe('the log in PostgreSQL', () => {
  const limit = 60_000;
  const bench = new EventBench();
  let log: PostgresEventLog;

  beforeAll(async () => {
    await bench.start(onPostgres);
    log = new PostgresEventLog(bench.config.EVENTS_DATABASE_URL);
    await log.migrate();
    await bench.relay();
  });
  afterAll(async () => {
    await log?.close();
    await bench.stop();
  });

  const read = async () =>
    (await log.read(log.pool, 0n, ['token-revoked'], 10_000)).rows.map(
      (row) => (row.event as CloudEvent<'token-revoked'>).data.id,
    );

  it('holds an event once, however often it is sent', async () => {
    const [event] = await bench.writeAndRelay('once', ['once']);
    await log.append([event!, event!]);
    await log.append([event!]);
    expect((await read()).filter((id) => id === 'once')).toHaveLength(1);
  });

  it.each(['group', 'replica'] as const)(
    'a %s puts an event aside that is nested too deeply for JSON.stringify, and goes on',
    async (mode) => {
      const { strategy, close } = await bench.consume(`deep-${mode}`, mode);
      const deep = `${'['.repeat(9000)}${']'.repeat(9000)}`;
      await log.pool.query("SELECT append_events(ARRAY[$1], '{token-revoked}', '{deep}', ARRAY[$2::jsonb])", [
        randomUUID(),
        deep,
      ]);
      await bench.writeAndRelay(`deep-${mode}`, ['next']);
      await untilCaughtUp(strategy, limit);
      expect(seen[`deep-${mode}`]).toEqual(['next']);
      const deadLetters = await openDeadLetters(bench.config);
      const letters = (await deadLetters.list()).filter(({ consumer }) => consumer === `deep-${mode}`);
      expect(letters.map(({ event }) => event)).toContain(deep);
      for (const letter of letters) await deadLetters.discard(letter);
      await deadLetters.close();
      await close();
      // A group that has ended would hold up the compaction.
      await log.pool.query("DELETE FROM event_log WHERE key = 'deep'");
      await log.pool.query("DELETE FROM consumer_group WHERE name LIKE 'deep-%'");
    },
    limit,
  );

  it("a service that starts and looks for its tables is in nobody's way", async () => {
    const tables = await log.pool.connect();
    await tables.query('BEGIN; LOCK event_head, event_log, consumer_group, dead_letter IN ACCESS SHARE MODE');
    await log.migrate();
    await bench.writeAndRelay('tables', ['published']);
    await tables.query('COMMIT');
    tables.release();
    expect(await read()).toContain('published');
  });

  it('a caller that waits for the relay and loses the database gives up quietly: its facts are committed', async () => {
    const beat = { id: 'consent', version: 1, at: new Date().toISOString() };
    const event = cloudEvent('heartbeat', beat, { id: randomUUID(), time: new Date() });
    const query = () => Promise.reject(new Error('the database is away'));
    expect(await whenRelayed({ query }, [event])).toBe(false);
  });

  it('a relay whose transport refuses tries again ever more slowly, up to once a second, and loses nothing', async () => {
    const url = await bench.postgres.database('refused');
    const source = new DataSource({ type: 'postgres', url, migrations: [CreateOutbox1764000000000] });
    await source.initialize();
    await source.runMigrations();
    let refuses = true;
    const attempts: number[] = [];
    const sent: string[] = [];
    const publishEvents = async (events: readonly CloudEvent[]) => {
      attempts.push(performance.now());
      if (refuses) throw new Error('too large');
      sent.push(...events.map(({ subject }) => subject));
    };
    await addToOutbox(source, 'token-revoked', revocation('refused'));
    const relay = new OutboxRelay(url, { publishEvents, close() {} }, silent);
    relay.start();
    await eventually(() => attempts.length >= 5);
    // A busy machine makes a pause longer, never shorter; a timer may fire a millisecond early.
    const pauses = attempts.slice(1, 5).map((at, i) => at - attempts[i]!);
    for (const [i, least] of [50, 100, 200, 400].entries())
      expect(pauses[i]).toBeGreaterThanOrEqual(least - 5);
    refuses = false;
    await eventually(() => sent.length > 0);
    expect(sent).toEqual(['refused']);
    await relay.stop();
    await source.destroy();
  });

  it('compaction keeps the newest event of each key and never what a group has yet to read', async () => {
    for (let time = 0; time < 3; time++) await bench.writeAndRelay('same', ['same']);
    const versions = async () => (await read()).filter((id) => id === 'same').length;
    await log.pool.query("INSERT INTO consumer_group VALUES ('asleep', 0)");
    await log.compact(0);
    expect(await versions()).toBe(3);
    await log.pool.query("UPDATE consumer_group SET position = 1000 WHERE name = 'asleep'");
    await eventually(async () => {
      await log.compact(0);
      return (await versions()) === 1;
    });
    await log.pool.query("UPDATE event_log SET appended_at = now() - interval '31 days'");
    await log.compact(0);
    expect(await versions()).toBe(0);
  });

  it('compaction keeps the newest event of a thing though an older one of it is replayed after it', async () => {
    const replayed = (version: number) => revocationEvent('replayed', 'replayed', version);
    const [older, newer] = [replayed(1), replayed(2)];
    await log.append([older, newer]);
    const deadLetters = await openDeadLetters(bench.config);
    await deadLetters.keep({ consumer: 'replayed', topic: 'token-revoked', event: older, error: 'no' });
    const letters = await deadLetters.list();
    for (const letter of letters) await deadLetters.replay(letter);
    await deadLetters.close();
    await log.compact(0);
    const { rows } = await log.read(log.pool, 0n, ['token-revoked'], 10_000);
    expect(rows.map(({ event }) => event)).toContainEqual(newer);
  });

  it('the time of the log does not go back when the clock does: what it passes over lies before all that is recent', async () => {
    await log.pool.query("UPDATE event_head SET appended_at = now() + interval '1 hour'");
    await bench.writeAndRelay('clock', ['ahead']);
    await bench.writeAndRelay('clock', ['right']);
    const { rows } = await log.pool.query<{ appended_at: Date }>(
      'SELECT appended_at FROM event_log ORDER BY position DESC LIMIT 2',
    );
    expect(rows[0]!.appended_at).toEqual(rows[1]!.appended_at);
    expect(await log.positionBefore(0)).toBeLessThan((await log.head()) - 1n);
  });

  it('a log that was replaced is noticed and read from its beginning', async () => {
    const consumers = [await bench.consume('anew', 'group'), await bench.consume('anew', 'replica')];
    await bench.writeAndRelay('anew', ['1', '2', '3']);
    for (const { strategy } of consumers) await untilCaughtUp(strategy, limit);
    await log.pool.query(
      'WITH emptied AS (DELETE FROM event_log), forgotten AS (DELETE FROM consumer_group) UPDATE event_head SET position = 0',
    );
    await bench.writeAndRelay('anew', ['new']);
    for (const { strategy } of consumers) await untilCaughtUp(strategy, limit);
    // Delivery is at least once, so a busy machine may deliver more often.
    expect(seen.anew!.filter((id) => id === 'new').length).toBeGreaterThanOrEqual(2);
    await Promise.all(consumers.map(({ close }) => close()));
  });

  it('a group without events writes nothing, and is caught up although others publish', async () => {
    const { strategy, close } = await bench.consume('quiet', 'group');
    await bench.writeAndRelay('quiet', ['first']);
    await untilCaughtUp(strategy, limit);
    const written = async () =>
      Number(
        (await log.pool.query('SELECT pg_snapshot_xmax(pg_current_snapshot())::text AS next')).rows[0].next,
      );
    const beat = { id: 'consent', version: 1, at: new Date().toISOString() };
    await log.append([cloudEvent('heartbeat', beat, { id: randomUUID(), time: new Date() })]);
    await untilCaughtUp(strategy, limit);
    const before = await written();
    const looks = vi.spyOn(strategy as unknown as { step(): Promise<boolean> }, 'step');
    await eventually(() => looks.mock.results.length >= 3);
    await Promise.all(looks.mock.results.map(({ value }) => value as Promise<boolean>));
    expect(await written()).toBe(before);
    await bench.writeAndRelay('quiet', ['second']);
    await untilCaughtUp(strategy, limit);
    expect(seen.quiet).toEqual(['first', 'second']);
    await close();
  });

  it('catching up while a log begins anew does not have it read a second time', async () => {
    const { strategy, close } = await bench.consume('anew-once', 'replica');
    await bench.writeAndRelay('once-anew', ['1', '2', '3']);
    await untilCaughtUp(strategy, limit);
    const consumed = (strategy as PostgresEventServer).unwrap<PostgresEventLog>();
    const state = consumed.state.bind(consumed);
    const isRead = () => seen['once-anew']!.includes('new');
    // `waitUntilCaughtUp` gets its answer after the consumer has already noticed and read the new log.
    consumed.state = async () => {
      await eventually(isRead);
      return state();
    };
    const caughtUp = strategy.waitUntilCaughtUp(limit);
    await log.pool.query('WITH emptied AS (DELETE FROM event_log) UPDATE event_head SET position = 0');
    await bench.writeAndRelay('once-anew', ['new']);
    expect(await caughtUp).toBe(true);
    consumed.state = state;
    await bench.writeAndRelay('once-anew', ['after']);
    await untilCaughtUp(strategy, limit);
    expect(seen['once-anew']!.filter((id) => id === 'new')).toHaveLength(1);
    await close();
  });
});

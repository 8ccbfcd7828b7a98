import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { CloudEvent } from '@payer/smart';
import { eventually } from '@payer/testing';
import { PostgresEventLog } from '../index.js';
import { EventBench, eventTransportSuite, seen } from '../transport.suite.js';

const onPostgres = async (postgres: { database(name: string): Promise<string> }) => ({
  EVENT_TRANSPORT: 'postgres' as const,
  EVENTS_DATABASE_URL: await postgres.database('events'),
});

describe('events over PostgreSQL', () => {
  eventTransportSuite(onPostgres);
});

describe('the log in PostgreSQL', () => {
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
    const [event] = await bench.tell('once', ['once']);
    await log.append([event!, event!]);
    await log.append([event!]);
    expect((await read()).filter((id) => id === 'once')).toHaveLength(1);
  });

  it('compaction keeps the newest event of each key and never what a group has yet to read', async () => {
    for (let time = 0; time < 3; time++) await bench.tell('same', ['same']);
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

  it('a log that begins anew is noticed and read from its beginning; nobody takes it for the old one', async () => {
    const consumers = [await bench.consume('anew', 'group'), await bench.consume('anew', 'replica')];
    await bench.tell('anew', ['1', '2', '3']);
    for (const { strategy } of consumers) expect(await strategy.settle(5000)).toBe(true);
    await log.pool.query(
      'WITH emptied AS (DELETE FROM event_log), forgotten AS (DELETE FROM consumer_group) UPDATE event_head SET position = 0',
    );
    await bench.tell('anew', ['new']);
    for (const { strategy } of consumers) expect(await strategy.settle(5000)).toBe(true);
    expect(seen.anew!.filter((id) => id === 'new')).toHaveLength(2);
    await Promise.all(consumers.map(({ close }) => close()));
  });
});

import { afterAll, beforeAll, expect, it } from 'vitest';
import { randomUUID } from 'node:crypto';
import { cloudEvent, type CloudEvent } from '@payer/smart';
import { eventually, type TestPostgres } from '@payer/testing';
import { deadLettersSuite } from './delivery/dead-letters.suite.js';
import {
  addToOutbox,
  AppliedPositions,
  eventMetrics,
  wakeRelays,
  whenRelayed,
  type TransportConfig,
} from './index.js';
import { untrustedEventsSuite } from './signatures/untrusted.suite.js';
import {
  EventBench,
  failures,
  revocation,
  revocationEvent,
  seen,
  untilCaughtUp,
  versions,
} from './testing/event-bench.js';

/** The behaviour that every transport must have. */
export function eventTransportSuite(configure: (postgres: TestPostgres) => Promise<TransportConfig>): void {
  const bench = new EventBench();
  const limit = 60_000;
  const eventuallyTrue = (what: () => boolean | undefined) => eventually(what, { timeout: limit });
  // Kafka keeps order only within a key.
  const sorted = (ids: readonly string[] | undefined) => [...(ids ?? [])].sort();

  beforeAll(async () => {
    await bench.start(configure);
    await bench.relay();
  });
  afterAll(() => bench.stop());

  it(
    'an event of a transaction that is rolled back is never sent; one that is committed is',
    async () => {
      const { strategy, close } = await bench.consume('first', 'replica');
      await bench.service
        .transaction(async (manager) => {
          await addToOutbox(manager, 'token-revoked', revocation('never', 'a'));
          throw new Error('changed my mind');
        })
        .catch(() => undefined);
      await bench.writeAndRelay('a', ['sent']);
      await eventuallyTrue(() => seen.a?.includes('sent') && strategy.isCaughtUp);
      expect(seen.a).toEqual(['sent']);
      await close();
    },
    limit,
  );

  it(
    'replicas of a group share the events, replicas that hold their model in memory read all of them, and both know when they have caught up',
    async () => {
      const consumers = await Promise.all([
        bench.consume('shared', 'group'),
        bench.consume('shared', 'group'),
        bench.consume('memory', 'replica'),
        bench.consume('memory', 'replica'),
      ]);
      await eventuallyTrue(() => consumers.every(({ strategy }) => strategy.isCaughtUp));
      seen.c = [];
      const ids = Array.from({ length: 30 }, (_, i) => `c${i}`);
      await bench.writeAndRelay('c', ids);
      expect(await Promise.all(consumers.map(({ strategy }) => strategy.waitUntilCaughtUp(limit)))).toEqual(
        consumers.map(() => true),
      );
      const deliveries = ids.map((id) => seen.c!.filter((other) => other === id).length);
      // Once for the group, once for each of the two replicas.
      expect(deliveries).toEqual(ids.map(() => 3));
      await Promise.all(consumers.map(({ close }) => close()));
    },
    2 * limit,
  );

  it(
    'a group whose position lies ahead of its database, which was restored, is set back: at its start and while it runs',
    async () => {
      const applied = () => new AppliedPositions(bench.serviceUrl, 'restored');
      const ahead = async () => {
        const { values } = await eventMetrics.offsetsAhead.get();
        return values.find(({ labels }) => labels.consumer === 'restored')?.value ?? 0;
      };
      /** Copies the applied positions, as a backup of the database would. */
      const backUp = () => bench.service.query('CREATE TABLE backup AS SELECT * FROM applied_position');
      const restore = () =>
        bench.service.query(`
          WITH gone AS (DELETE FROM applied_position WHERE source NOT IN (SELECT source FROM backup))
          UPDATE applied_position SET position = backup.position FROM backup WHERE backup.source = applied_position.source`);
      const first = await bench.consume('restored', 'group', { applied: applied() });
      await eventuallyTrue(() => first.strategy.isCaughtUp);
      await bench.writeAndRelay('restored', ['kept']);
      await eventuallyTrue(() => seen.restored?.includes('kept'));
      await first.strategy.waitUntilCaughtUp(limit);
      await eventually(async () => (await bench.service.query('SELECT 1 FROM applied_position')).length > 0);
      await first.close();
      await backUp();

      const second = await bench.consume('restored', 'group', { applied: applied() });
      await bench.writeAndRelay('restored', ['lost']);
      await eventuallyTrue(() => seen.restored?.includes('lost'));
      await second.close();
      expect(await ahead()).toBe(0);
      await restore();
      seen.restored = [];
      const third = await bench.consume('restored', 'group', { applied: applied() });
      await eventuallyTrue(() => seen.restored?.includes('lost'));
      expect(seen.restored).not.toContain('kept');
      expect(await ahead()).toBe(1);
      await eventuallyTrue(() => third.strategy.isCaughtUp);

      await new Promise((resolve) => setTimeout(resolve, 500));
      await restore();
      seen.restored = [];
      await eventuallyTrue(() => seen.restored?.includes('lost'));
      expect(await ahead()).toBe(2);
      await third.close();
    },
    3 * limit,
  );

  it(
    'a topic that only the next version of a service handles is read by it whole, whatever the old version read meanwhile',
    async () => {
      const old = await bench.consume('rolled', 'group');
      await eventuallyTrue(() => old.strategy.isCaughtUp);
      const beat = cloudEvent(
        'heartbeat',
        { id: 'consent', version: Date.now(), at: new Date().toISOString() },
        { id: randomUUID(), time: new Date() },
      );
      await bench.publish(beat);
      await bench.writeAndRelay('rolled', ['1', '2']);
      await untilCaughtUp(old.strategy, limit);
      const next = await bench.consume('rolled', 'group', { version: 'next' });
      await eventuallyTrue(() => next.strategy.isCaughtUp);
      await bench.writeAndRelay('rolled', ['3']);
      await old.close();
      await bench.writeAndRelay('rolled', ['4']);
      // Different subjects, so any order.
      await eventuallyTrue(
        () =>
          ['1', '2', '3', '4'].every((id) => seen.rolled?.includes(id)) && seen.heartbeat?.includes(beat.id),
      );
      expect(sorted(seen.rolled)).toEqual(['1', '2', '3', '4']);
      await next.close();
    },
    2 * limit,
  );

  it('an event that no transport could carry fails its transaction', async () => {
    const large = { ...revocation('large', 'h'), client_id: 'x'.repeat(300_000) };
    await expect(addToOutbox(bench.service, 'token-revoked', large)).rejects.toThrow(
      'larger than an event may be',
    );
  });

  it(
    'a consumer accepts data with fields it does not know yet',
    async () => {
      const { strategy, close } = await bench.consume('today', 'replica');
      const event = revocationEvent('newer', 'e');
      await bench.publish({
        ...event,
        data: { ...event.data, colour: 'blue' } as never,
        invented: true,
      } as never);
      await untilCaughtUp(strategy, limit);
      expect(seen.e).toContain('newer');
      await close();
    },
    limit,
  );

  it(
    'a replica that needs only what is recent of a topic reads that, and all of the others',
    async () => {
      const publish = async (id: string) => {
        const time = new Date();
        const beat = cloudEvent(
          'heartbeat',
          { id, version: 1, at: time.toISOString() },
          { id: randomUUID(), time },
        );
        const revoked = cloudEvent('token-revoked', revocation(id, 'r'), { id: randomUUID(), time });
        await bench.publish(revoked, beat);
        return beat.id;
      };
      const oldBeat = await publish('old');
      await new Promise((resolve) => setTimeout(resolve, 50));
      const since = Date.now();
      await new Promise((resolve) => setTimeout(resolve, 50));
      await publish('recent');
      const { strategy, close } = await bench.consume('recent', 'replica', {
        version: 'next',
        recent: {
          topics: ['token-revoked'],
          get seconds() {
            return (Date.now() - since) / 1000;
          },
        },
      });
      await untilCaughtUp(strategy, limit);
      await publish('new');
      await untilCaughtUp(strategy, limit);
      expect(sorted(seen.r ?? [])).toEqual(['new', 'recent']);
      expect(seen.heartbeat).toContain(oldBeat);
      await close();
    },
    2 * limit,
  );

  it(
    'relays that lose their session at any moment, also between sending and deleting, send every event, and those of one thing in order',
    async () => {
      const { strategy, close } = await bench.consume('killed', 'replica');
      await eventuallyTrue(() => strategy.isCaughtUp);
      const second = await bench.relay();
      const written: CloudEvent[] = [];
      for (let version = 1; version <= 150; version++) {
        written.push(await addToOutbox(bench.service, 'token-revoked', revocation('one', 'killed', version)));
        wakeRelays();
        if (version % 5 === 0)
          await bench.service.query(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'outbox-relay'",
          );
      }
      expect(await whenRelayed(bench.service, written, limit)).toBe(true);
      await untilCaughtUp(strategy, limit);
      expect([...new Set(versions.killed)]).toEqual(written.map((_, index) => index + 1));
      await second.stop();
      await close();
    },
    2 * limit,
  );

  it(
    'several relays, stopped in the middle, send every event',
    async () => {
      const { strategy, close } = await bench.consume('all', 'replica');
      await eventuallyTrue(() => strategy.isCaughtUp);
      const [second, third] = [await bench.relay(), await bench.relay()];
      const ids = Array.from({ length: 40 }, (_, i) => `f${i}`);
      const writes = ids.map((id) => addToOutbox(bench.service, 'token-revoked', revocation(id, 'f')));
      await Promise.all([second.stop(), third.stop(), ...writes]);
      expect(await whenRelayed(bench.service, await Promise.all(writes), limit)).toBe(true);
      await untilCaughtUp(strategy, limit);
      expect(sorted([...new Set(seen.f)])).toEqual(sorted(ids));
      await close();
    },
    2 * limit,
  );

  deadLettersSuite(bench);

  // Near the end, because each consumer that starts later and reads all checks these signatures again.
  it(
    'a consumer that starts applies all there was before it is caught up, a failing handler is tried again, and what came while it was down follows',
    async () => {
      const ids = Array.from({ length: 1200 }, (_, i) => `b${i}`);
      await bench.writeAndRelay('b', ids);
      seen.b = [];
      failures.b = 2;
      const { strategy, close } = await bench.consume('late', 'group');
      expect(strategy.isCaughtUp).toBe(false);
      await eventuallyTrue(() => strategy.isCaughtUp);
      expect(sorted(seen.b)).toEqual(sorted(ids));
      await close();

      await bench.writeAndRelay('b', ['while-down']);
      seen.b = [];
      const again = await bench.consume('late', 'group');
      await eventuallyTrue(() => again.strategy.isCaughtUp);
      expect(seen.b).toEqual(['while-down']);
      await again.close();

      seen.b = [];
      const replica = await bench.consume('late', 'replica');
      await eventuallyTrue(() => replica.strategy.isCaughtUp);
      expect(sorted(seen.b)).toEqual(sorted([...ids, 'while-down']));
      await replica.close();
    },
    2 * limit,
  );

  // This suite runs last: consumers that read from the beginning would also put its events aside.
  untrustedEventsSuite(bench);
}

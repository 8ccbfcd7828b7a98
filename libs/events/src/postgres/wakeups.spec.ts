import { AsyncLocalStorage } from 'node:async_hooks';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { eventually, type TestPostgres } from '@payer/testing';
import { addToOutbox, OutboxRelay, wakeRelays, wakeRelaysSoon, whenRelayed } from '../index.js';
import { EventBench, revocation, revocationEvent, seen, silent } from '../testing/event-bench.js';
import type { CloudEvent } from '@payer/smart';
import { Wakeup } from '../wakeup.js';

/*
 * Polling finds every event within a second, so a lost wake-up costs time and no event. Here nothing polls: a
 * wait of a second lasts an hour, and only a wake-up ends it.
 */

const bench = new EventBench();
/** Holds in the loops that a test starts. Loops of other files of tests may run in this process, too. */
const own = new AsyncLocalStorage<true>();
/** Loops that wait for a wake-up. */
let waiting = 0;
const untilAllWait = (loops: number) => eventually(() => waiting === loops, { timeout: 20_000 });

beforeAll(() =>
  bench.start(async (postgres: TestPostgres) => ({
    EVENT_TRANSPORT: 'postgres' as const,
    EVENTS_DATABASE_URL: await postgres.database('events'),
  })),
);
afterAll(() => bench.stop());
beforeEach(() => {
  waiting = 0;
  const wait = Reflect.get(Wakeup.prototype, 'wait') as Wakeup['wait'];
  vi.spyOn(Wakeup.prototype, 'wait').mockImplementation(async function (this: Wakeup, ticket, timeout) {
    if (timeout < 1000 || !own.getStore()) return wait.call(this, ticket, timeout);
    waiting += 1;
    await wait.call(this, ticket, 3_600_000);
    waiting -= 1;
  });
});
afterEach(() => vi.restoreAllMocks());

describe('the relay publishes an event without polling', () => {
  const sent: string[] = [];
  const publisher = {
    async publishEvents(events: readonly CloudEvent[]) {
      sent.push(...events.map(({ subject }) => subject));
    },
    close() {},
  };
  const write = (id: string) => addToOutbox(bench.service, 'token-revoked', revocation(id));
  const untilSent = (id: string) => eventually(() => sent.includes(id), { timeout: 20_000 });
  const start = () => {
    const relay = new OutboxRelay(bench.serviceUrl, publisher, silent);
    own.run(true, () => relay.start());
    return relay;
  };

  it.each([
    ['wakeRelays', () => wakeRelays()],
    ['wakeRelaysSoon', () => wakeRelaysSoon()],
    ['whenRelayed', (event: CloudEvent) => void whenRelayed(bench.service, [event])],
  ])('after %s', async (name, wake) => {
    const relay = start();
    await untilAllWait(1);
    const event = await write(name);
    expect(sent).not.toContain(name);
    wake(event);
    await untilSent(name);
    await relay.stop();
  });

  it('when a relay that stands by notifies it', async () => {
    const leading = start();
    await untilAllWait(1);
    await write('of another replica');
    // Its first look is one that a commit in its process would cause.
    const standby = start();
    await untilSent('of another replica');
    await Promise.all([leading.stop(), standby.stop()]);
  });
});

it.each(['replica', 'group'] as const)('a %s applies an event without polling', async (mode) => {
  const { close } = await own.run(true, () => bench.consume(`woken-${mode}`, mode));
  // The start of the session that listens wakes the consumer, too: perhaps for the first event, never for
  // both.
  for (const id of ['first', 'second']) {
    await untilAllWait(1);
    await bench.publish(revocationEvent(`${id} of ${mode}`, mode));
    await eventually(() => seen[mode]?.includes(`${id} of ${mode}`), { timeout: 20_000 });
  }
  await close();
});

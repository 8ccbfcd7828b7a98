import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { performance } from 'node:perf_hooks';
import { VerifiedToken } from '../gateway/verified-token.js';
import { Fairness } from './fairness.js';

const budget = { requests: 1e6, resources: 1e6, time: 1e6 };
const tokenOf = (client_id: string) => new VerifiedToken('sandbox', { client_id } as never);
const [one, other] = [tokenOf('one'), tokenOf('other')];
type Refused = { headers: Record<string, string> };
const empty = () => Promise.resolve({ status: 200, headers: {}, body: undefined });
const stranger = (ip: string, url = '/Patient') => ({ ip, url });

/** Milliseconds. The tests move this clock, so a busy machine gives no app more or less. */
let now = 0;
beforeEach(() => {
  vi.spyOn(performance, 'now').mockImplementation(() => now);
  // No other program uses the processors: the slowdown is 1.
  vi.spyOn(performance, 'eventLoopUtilization').mockReturnValue({ idle: 0, active: 0, utilization: 0 });
});
afterEach(() => {
  vi.restoreAllMocks();
});

/** Number of requests that finish before any of them has waited. */
async function doneAtOnce(work: readonly Promise<unknown>[]): Promise<number> {
  let done = 0;
  for (const each of work) void each.then(() => (done += 1));
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
  return done;
}

describe('while two apps are active', () => {
  let fairness: Fairness;
  const times = (n: number, work: () => Promise<unknown>) => Array.from({ length: n }, work);

  const bothAsk = async () => {
    for (const token of [one, other]) await fairness.run(token, 0, empty);
  };

  /** Both apps stay active as the clock moves. */
  let clock: NodeJS.Timeout | undefined;
  const moveClock = () => {
    clock = setInterval(() => {
      now += 5;
      void bothAsk();
    }, 1);
  };
  // Also after a failed expectation: the clock would keep the process busy for ever.
  afterEach(() => {
    clearInterval(clock);
  });

  beforeEach(async () => {
    fairness = new Fairness(budget);
    await bothAsk();
  });

  it('an app that is refused again and again waits for each refusal, and the other does not', async () => {
    const refusals = times(200, () => fairness.waitBeforeRefusal(one));
    expect(await doneAtOnce(refusals)).toBeLessThan(20);
    expect(await doneAtOnce([fairness.waitBeforeRefusal(other)])).toBe(1);
  });

  it('does no work for a client that has left while its request waited', async () => {
    moveClock();
    const begun: number[] = [];
    const asked = times(60, () =>
      fairness
        .run(
          one,
          0,
          () => Promise.resolve(begun.push(1)).then(empty),
          () => true,
        )
        .then(
          ({ status }) => status,
          ({ status }: { status: number }) => status,
        ),
    );
    expect(new Set(await Promise.all(asked))).toEqual(new Set([429]));
    expect(begun).toEqual([]);
    // The clock goes on: the app may still have to wait.
    expect((await fairness.run(one, 0, empty, () => false)).status).toBe(200);
  });

  it('requests without a known token wait by address, and by the cost of their address', async () => {
    const short = times(400, () => fairness.waitAsStranger(stranger('192.0.2.1')));
    expect(await doneAtOnce(short)).toBeLessThan(100);
    const long = times(20, () => fairness.waitAsStranger(stranger('192.0.2.2', 'x'.repeat(200_000))));
    expect(await doneAtOnce(long)).toBeLessThan(8);
    expect(await doneAtOnce([fairness.waitAsStranger(stranger('192.0.2.3'))])).toBe(1);
  });

  it('tokens that are verified here for the first time cost their app and not their address', async () => {
    let waited = false;
    const timer = setImmediate(() => (waited = true));
    for (let n = 0; n < 400; n++) {
      await fairness.waitAsStranger(stranger('192.0.2.1'));
      fairness.acceptStranger(stranger('192.0.2.1'), one);
    }
    clearImmediate(timer);
    expect(waited).toBe(false);
    const { mayJoin } = fairness.searchLimits(10);
    expect([mayJoin!('sandbox:one'), mayJoin!('sandbox:other')]).toEqual([false, true]);
  });

  it('long statements and compressions of one app run one at a time, and short statements a few at a time', async () => {
    const { pooled } = fairness.searchLimits(10);
    moveClock();
    const pass = async (milliseconds: number) => {
      const end = now + milliseconds;
      while (now < end) await new Promise((resolve) => setImmediate(resolve));
    };
    const together = async (run: (work: () => Promise<void>) => Promise<void>, takes: number) => {
      let [running, most] = [0, 0];
      const work = async () => {
        most = Math.max(most, (running += 1));
        await pass(takes);
        running -= 1;
      };
      await Promise.all(times(10, () => run(work)));
      return most;
    };
    expect(await together((work) => pooled.run('sandbox:other', work), 0)).toBe(4);
    for (let n = 0; n < 3; n++) await pooled.run('sandbox:one', () => pass(100));
    expect(await together((work) => pooled.run('sandbox:one', work), 20)).toBe(1);
    expect(await together((work) => fairness.compress(other, work), 2)).toBe(1);
  });

  it('of many requests that come at once, few begin before the first one is charged', async () => {
    moveClock();
    let begun = 0;
    const page = async () => {
      begun += 1;
      await new Promise((resolve) => setImmediate(resolve));
      now += 20;
      return empty();
    };
    const unknown = tokenOf('unknown');
    // Each answer is 3 MB: 30 ms of the thread, of which the app gets 0.15.
    const all = times(64, () => fairness.run(unknown, 3_000_000, page));
    expect(await doneAtOnce(all)).toBe(0);
    expect(begun).toBeLessThanOrEqual(4);
    const from = now;
    await Promise.all(all.slice(0, 12));
    expect(now - from).toBeGreaterThan(1000);
    await Promise.allSettled(all);
  });

  it('a request that was refused or left is no measure of the next one', async () => {
    moveClock();
    const third = tokenOf('third');
    let [running, most] = [0, 0];
    const page = (hasLeft = false) =>
      fairness.run(
        third,
        hasLeft ? 0 : 1_500_000,
        async () => {
          most = Math.max(most, (running += 1));
          await new Promise((resolve) => setImmediate(resolve));
          running -= 1;
          return empty();
        },
        () => hasLeft,
      );
    for (let n = 0; n < 8; n++) await page();
    await Promise.allSettled(times(60, () => page(true)));
    const all = await Promise.allSettled(times(300, () => page()));
    const refused = all.flatMap((each) => (each.status === 'rejected' ? [each.reason as Refused] : []));
    expect(refused.length).toBeGreaterThan(90);
    expect(Math.max(...refused.map(({ headers }) => Number(headers['retry-after'])))).toBeGreaterThan(2);
    expect(most).toBeLessThanOrEqual(4);
  });

  it('an app that has used up its share no longer shares a connection with other apps', async () => {
    const { mayJoin } = fairness.searchLimits(10);
    expect(mayJoin!('sandbox:one')).toBe(true);
    await fairness.run(one, 10_000_000, empty);
    expect([mayJoin!('sandbox:one'), mayJoin!('sandbox:other')]).toEqual([false, true]);
  });
});

describe('while no other app is active', () => {
  it('nothing waits', async () => {
    const fairness = new Fairness(budget);
    const strangers = Array.from({ length: 400 }, () => fairness.waitAsStranger(stranger('192.0.2.1')));
    expect(await doneAtOnce(strangers)).toBe(400);
    const refusals = Array.from({ length: 400 }, () => fairness.waitBeforeRefusal(one));
    expect(await doneAtOnce(refusals)).toBe(400);
  });
});

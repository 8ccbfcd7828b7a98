import { describe, expect, it } from 'vitest';
import { Activity } from './activity.js';
import { Budgets } from './budgets.js';

const budget = { requests: 60, resources: 600, time: 6000 };
const one = { requests: 1, resources: 0, time: 0 };

function budgetsAt() {
  const clock = { now: 0 };
  return { clock, budgets: new Budgets(budget, () => clock.now) };
}

describe('the budget of an app', () => {
  it.each([
    ['requests', { ...one, requests: 61 }],
    ['resources', { ...one, resources: 601 }],
    ['time', { ...one, time: 6001 }],
  ] as const)('ends with its %s, says when to come back, and fills again', (kind, usage) => {
    const { clock, budgets } = budgetsAt();
    budgets.admit('a', true);
    budgets.charge('a', usage);
    let refusal: { status: number; headers: Record<string, string> } | undefined;
    try {
      budgets.admit('a', true);
    } catch (error) {
      refusal = error as typeof refusal;
    }
    expect(refusal).toMatchObject({ status: 429, issueCode: 'throttled' });
    expect(refusal!.headers).toEqual({
      'retry-after': '1',
      'ratelimit-policy':
        '"requests";q=60;w=60, "resources";q=600;w=60;qu="resources", "time";q=6000;w=60;qu="milliseconds"',
      ratelimit: expect.stringMatching(new RegExp(`^"${kind}";r=0;t=6[01]$`)),
    });
    budgets.admit('b', true);
    clock.now += 1100;
    expect(() => budgets.admit('a', true)).not.toThrow();
  });

  it('of time limits the app only while other apps are active', () => {
    const { budgets } = budgetsAt();
    budgets.charge('a', { ...one, time: 60_000 });
    expect(() => budgets.admit('a', false)).not.toThrow();
    expect(() => budgets.admit('a', true)).toThrow(/while other apps wait/);
  });

  it('is kept for a bounded number of apps', () => {
    const { clock, budgets } = budgetsAt();
    for (let n = 0; n < 10_100; n++) {
      clock.now += 0.001;
      budgets.charge(`app-${n}`, { ...one, requests: 100 });
    }
    expect(budgets.size).toBe(10_000);
    expect(() => budgets.admit('app-10099', true)).toThrow();
    expect(() => budgets.admit('app-0', true)).not.toThrow();
  });
});

describe('activity', () => {
  it('is shared while another app has sent a request in the last two seconds', () => {
    let now = 0;
    const activity = new Activity(() => now);
    activity.note('a');
    expect([activity.isShared('a'), activity.isShared('b')]).toEqual([false, true]);
    activity.note('b');
    expect(activity.isShared('a')).toBe(true);
    for (const later of [1000, 1500, 1900]) {
      now = later;
      activity.note('a');
    }
    expect(activity.isShared('a')).toBe(true);
    now = 2100;
    activity.note('a');
    expect(activity.isShared('a')).toBe(false);
    now = 10_000;
    expect(activity.isShared('b')).toBe(false);
  });
});

import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { FactFeeds, type FactFeed } from '@payer/events';
import { EventFreshness } from './event-freshness.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** @param ages of the facts of registration and of consent, in seconds */
function freshnessOf(ages: { registration: number; consent: number }) {
  const feedOf = (owner: keyof typeof ages) =>
    ({
      owner,
      get age() {
        return ages[owner];
      },
      readNow: () => Promise.resolve(false),
    }) as unknown as FactFeed;
  return new EventFreshness(undefined, new FactFeeds([feedOf('registration'), feedOf('consent')], 30));
}

it('a decision does not leave when what it rests on has become too old, though knowledge is fresh again', async () => {
  const ages = { registration: 1, consent: 2 };
  const freshness = freshnessOf(ages);
  expect(await freshness.decide(() => Promise.resolve())).toBe(true);
  const standsStill = async () => {
    vi.advanceTimersByTime(29_000);
    ages.registration = ages.consent = 0;
    await Promise.resolve();
  };
  expect(await freshness.decide(standsStill)).toBe(false);
});

it('the owner that was read longest ago counts', async () => {
  const takesTenSeconds = () => Promise.resolve(void vi.advanceTimersByTime(10_000));
  for (const [registration, consent, leaves] of [
    [1, 25, false],
    [25, 1, false],
    [15, 15, true],
  ] as const)
    expect(await freshnessOf({ registration, consent }).decide(takesTenSeconds)).toBe(leaves);
});

it('nothing is decided on knowledge that is older than the bound', async () => {
  let decisions = 0;
  const decide = () => Promise.resolve(void (decisions += 1));
  expect(await freshnessOf({ registration: 1, consent: 31 }).decide(decide)).toBe(false);
  expect(decisions).toBe(0);
});

import { describe, expect, it } from 'vitest';
import { NewestTimes } from './data-age.js';

const rule = { kind: 'claims', types: ['ExplanationOfBenefit'], dates: ['created', 'billablePeriod'] };
const zones = ['America/New_York', 'America/Denver', 'Pacific/Honolulu', 'Pacific/Pago_Pago', 'Pacific/Guam'];

/** The newest time of one resource. */
function newestOf(elements: object, now = Date.parse('2026-12-01T00:00:00Z')): Date {
  const times = new NewestTimes([rule], now);
  times.note({ resourceType: 'ExplanationOfBenefit', ...elements });
  return new Date(times.byKind.claims!);
}

describe('a date without a time', () => {
  it.each([
    [{ created: '2026-11-20' }],
    [{ billablePeriod: { start: '2026-11-19', end: '2026-11-20' } }],
    [{ created: '2026-11-20', billablePeriod: { end: '2026-11-20T05:00:00Z' } }],
  ])('is of the same day in every time zone of a plan: %j', (elements) => {
    const newest = newestOf(elements);
    for (const timeZone of zones)
      expect([timeZone, newest.toLocaleDateString('sv', { timeZone })]).toEqual([timeZone, '2026-11-20']);
  });

  it('of today counts until now, and a day in the future does not count', () => {
    const morning = Date.parse('2026-11-20T09:00:00Z');
    expect(newestOf({ created: '2026-11-20' }, morning).getTime()).toBe(morning);
    const future = { created: '2026-11-21', billablePeriod: { end: '2026-11-18' } };
    expect(newestOf(future, morning).toISOString()).toBe('2026-11-18T12:00:00.000Z');
  });

  it('leaves a time as it is', () => {
    expect(newestOf({ created: '2026-11-20T23:30:00-05:00' }).toISOString()).toBe('2026-11-21T04:30:00.000Z');
  });
});

import { describe, expect, it } from 'vitest';
import { endOfNextBusinessDay, isBusinessDay, isTimeZone } from './business-days.js';

const end = (instant: string, zone = 'America/New_York') =>
  endOfNextBusinessDay(new Date(instant), zone).toISOString();

describe('a business day', () => {
  it.each([
    ['2026-11-27', true],
    ['2026-11-28', false], // a Saturday
    ['2026-11-29', false],
    ['2026-11-26', false], // Thanksgiving Day
    ['2026-01-19', false], // Birthday of Martin Luther King, Jr.
    ['2026-02-16', false], // Washington's Birthday
    ['2026-05-25', false], // Memorial Day
    ['2027-05-31', false], // Memorial Day on the last day of May
    ['2026-06-19', false], // Juneteenth
    ['2026-07-03', false], // Independence Day on a Saturday is observed on the Friday
    ['2026-09-07', false], // Labor Day
    ['2026-10-12', false], // Columbus Day
    ['2026-11-11', false], // Veterans Day
    ['2026-12-25', false],
    ['2027-01-01', false],
    ['2027-12-24', false], // Christmas Day on a Saturday
    ['2021-12-31', false], // New Year's Day of the next year, on a Saturday
    ['2028-11-10', false], // Veterans Day on a Saturday
    ['2023-01-02', false], // New Year's Day on a Sunday
    ['2026-07-06', true],
  ])('%s: %s', (day, expected) => {
    expect(isBusinessDay(day)).toBe(expected);
  });
});

describe('the end of the next business day', () => {
  it('is counted from the day in the zone of the plan', () => {
    // Monday evening in New York is Tuesday in UTC.
    expect(end('2026-12-01T03:00:00Z')).toBe('2026-12-02T05:00:00.000Z');
    expect(end('2026-12-01T03:00:00Z', 'UTC')).toBe('2026-12-03T00:00:00.000Z');
    expect(end('2026-12-01T03:00:00Z', 'Pacific/Honolulu')).toBe('2026-12-02T10:00:00.000Z');
  });

  it('leaves out weekends and holidays', () => {
    expect(end('2026-11-20T15:00:00Z')).toBe('2026-11-24T05:00:00.000Z');
    // Wednesday before Thanksgiving: Friday is the next one.
    expect(end('2026-11-25T15:00:00Z')).toBe('2026-11-28T05:00:00.000Z');
    expect(end('2026-12-24T15:00:00Z')).toBe('2026-12-29T05:00:00.000Z');
  });

  it('is midnight also where a change of the clock lies between', () => {
    expect(end('2026-03-06T17:00:00Z')).toBe('2026-03-10T04:00:00.000Z');
    expect(end('2026-10-30T16:00:00Z')).toBe('2026-11-03T05:00:00.000Z');
  });
});

it('a time zone is known by its IANA name', () => {
  expect(['America/Chicago', 'UTC', 'Mars/Olympus', ''].map(isTimeZone)).toEqual([true, true, false, false]);
});

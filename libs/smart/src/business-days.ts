/*
 * Business days of a health plan: Monday to Friday without the federal holidays of the United States
 * (5 U.S.C. 6103), in the time zone of the plan.
 */

const dayLength = 86_400_000;
const saturday = 6;
const sunday = 0;

/** A day as `2026-11-28`. */
type Day = string;

const dayOf = (utc: number): Day => new Date(utc).toISOString().slice(0, 10);
const utcOf = (day: Day): number => Date.parse(`${day}T00:00:00Z`);
const weekdayOf = (day: Day): number => new Date(utcOf(day)).getUTCDay();
const plusDays = (day: Day, days: number): Day => dayOf(utcOf(day) + days * dayLength);

const fixedHolidays = ['01-01', '06-19', '07-04', '11-11', '12-25'];

/** Holidays on a weekday of a month: the month, the weekday, and which one; -1 is the last one. */
const floatingHolidays: readonly [month: number, weekday: number, nth: number][] = [
  [1, 1, 3], // Birthday of Martin Luther King, Jr.
  [2, 1, 3], // Washington's Birthday
  [5, 1, -1], // Memorial Day
  [9, 1, 1], // Labor Day
  [10, 1, 2], // Columbus Day
  [11, 4, 4], // Thanksgiving Day
];

/** A holiday on a Saturday is observed on the Friday before, and one on a Sunday on the Monday after. */
function observed(day: Day): Day {
  const weekday = weekdayOf(day);
  return plusDays(day, weekday === saturday ? -1 : weekday === sunday ? 1 : 0);
}

function nthWeekday(year: number, month: number, weekday: number, nth: number): Day {
  const start = dayOf(Date.UTC(year, nth < 0 ? month : month - 1, 1));
  const first = plusDays(start, (weekday - weekdayOf(start) + 7) % 7);
  return plusDays(first, 7 * (nth < 0 ? nth : nth - 1));
}

function isHoliday(day: Day): boolean {
  const year = Number(day.slice(0, 4));
  return (
    // New Year's Day of the next year may be observed in this one.
    [year, year + 1].some((one) => fixedHolidays.some((date) => observed(`${one}-${date}`) === day)) ||
    floatingHolidays.some(([month, weekday, nth]) => nthWeekday(year, month, weekday, nth) === day)
  );
}

/** @param day as `2026-11-28` */
export const isBusinessDay = (day: Day): boolean =>
  ![saturday, sunday].includes(weekdayOf(day)) && !isHoliday(day);

/**
 * The end of the first business day after the day of an instant.
 * @param timeZone an IANA name, such as `America/New_York`
 */
export function endOfNextBusinessDay(instant: Date, timeZone: string): Date {
  let day = localDay(instant, timeZone);
  do day = plusDays(day, 1);
  while (!isBusinessDay(day));
  return startOfDay(plusDays(day, 1), timeZone);
}

const formats = new Map<string, Intl.DateTimeFormat>();

/** The clock of a time zone at an instant, as if it were UTC. */
function localClock(instant: number, timeZone: string): number {
  let format = formats.get(timeZone);
  if (!format) {
    format = new Intl.DateTimeFormat('en-US', {
      timeZone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
    formats.set(timeZone, format);
  }
  const parts = Object.fromEntries(
    format.formatToParts(instant).map(({ type, value }) => [type, Number(value)]),
  ) as Record<'year' | 'month' | 'day' | 'hour' | 'minute' | 'second', number>;
  return Date.UTC(parts.year, parts.month - 1, parts.day, parts.hour, parts.minute, parts.second);
}

const localDay = (instant: Date, timeZone: string): Day => dayOf(localClock(instant.getTime(), timeZone));

function startOfDay(day: Day, timeZone: string): Date {
  const wanted = utcOf(day);
  let at = wanted;
  // The first step may cross a change of the offset. The second step uses the offset of that side.
  for (let step = 0; step < 2; step++) at += wanted - localClock(at, timeZone);
  return new Date(at);
}

/** Whether the name is one of a time zone. */
export function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en-US', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

/** An interval of time in milliseconds since the epoch; `low` belongs to it, `high` does not. */
export interface DateRange {
  readonly low: number;
  readonly high: number;
}

// FHIR R4 §2.24.0.1, dateTime; seconds may be left out. In a query, the + of a time zone that was not escaped
// arrives as a space.
const form =
  /^(?!0000)(\d{4})(?:-(\d{2})(?:-(\d{2})(?:T([01]\d|2[0-3]):([0-5]\d)(?::([0-5]\d|60)(?:\.(\d+))?)?(Z|[+ -](?:(?:0\d|1[0-3]):[0-5]\d|14:00))?)?)?)?$/;

/**
 * The interval of a date of any precision (FHIR R4 §3.1.1.4.7): `2026` is the whole year. A time without a
 * zone is UTC. A leap second is part of the second before it, so that it belongs to its own day.
 * @returns undefined when the text is not a date
 */
export function dateRange(text: string): DateRange | undefined {
  let range = known.get(text);
  if (range) return range;
  range = rangeOf(text);
  if (!range || text.length > longestKnown) return range;
  if (known.size === maxKnown) known.clear();
  known.set(text, range);
  return range;
}

/** A claim has few dates, each many times. */
const known = new Map<string, DateRange>();
const [maxKnown, longestKnown] = [500, 32];

function rangeOf(text: string): DateRange | undefined {
  const match = form.exec(text);
  if (!match) return undefined;
  const [, year, month, day, hour, minute, second, fraction, zone] = match;
  const [y, m, d] = [Number(year), Number(month ?? 1), Number(day ?? 1)];
  if (m < 1 || m > 12 || d < 1 || d > new Date(Date.UTC(y, m, 0)).getUTCDate()) return undefined;
  const isLeapSecond = second === '60';
  const [h, min, s] = [Number(hour ?? 0), Number(minute ?? 0), isLeapSecond ? 59 : Number(second ?? 0)];
  const offset = zone && zone !== 'Z' ? (zone.startsWith('-') ? -1 : 1) * minutesOf(zone) * 60_000 : 0;
  const milliseconds = fraction ? (isLeapSecond ? 999 : Number(`0.${fraction}`) * 1000) : 0;
  const low = utc(y, m - 1, d) + ((h * 60 + min) * 60 + s) * 1000 + Math.floor(milliseconds) - offset;
  if (month === undefined) return { low, high: utc(y + 1, 0, 1) };
  if (day === undefined) return { low, high: utc(y, m, 1) };
  if (hour === undefined) return { low, high: low + 86_400_000 };
  if (second === undefined) return { low, high: low + 60_000 };
  return { low, high: low + (fraction ? 1 : 1000) };
}

/** `Date.UTC` puts years before 100 into the twentieth century. */
const utc = (year: number, month: number, day: number) =>
  year < 100 ? new Date(Date.UTC(2000, month, day)).setUTCFullYear(year) : Date.UTC(year, month, day);

const minutesOf = (zone: string) => Number(zone.slice(1, 3)) * 60 + Number(zone.slice(4, 6));

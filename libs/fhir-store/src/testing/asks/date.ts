import { ask, type Ask, type Value } from './ask.js';

interface Interval {
  low: number;
  /** Does not belong to it. */
  high: number;
}

/**
 * The interval of a date by its length: year, month, day, minute, second, or an instant (FHIR R4 §3.1.1.4.7).
 */
function intervalOf(text: string): Interval {
  const zoned = /[Z]$|[+-]\d\d:\d\d$/.test(text.slice(10)) ? text : `${text}Z`;
  const [year = 0, month = 1] = text.split('-').map(Number);
  if (text.length === 4) return { low: Date.parse(`${text}-01-01`), high: Date.UTC(year + 1, 0) };
  if (text.length === 7) return { low: Date.parse(`${text}-01`), high: Date.UTC(year, month) };
  if (text.length === 10) return { low: Date.parse(text), high: Date.parse(text) + 24 * 3600_000 };
  const low = Date.parse(zoned);
  const clock = text.slice(11).replace(/(Z|[+-]\d\d:\d\d)$/, '');
  return { low, high: low + (clock.length === 5 ? 60_000 : clock.length === 8 ? 1000 : 1) };
}

function intervalsOf(value: Value): Interval[] {
  if (typeof value === 'string') return [intervalOf(value)];
  if (value.event?.length) {
    const events: Interval[] = value.event.map(intervalOf);
    return [{ low: Math.min(...events.map((e) => e.low)), high: Math.max(...events.map((e) => e.high)) }];
  }
  const period = value.repeat?.boundsPeriod ?? value;
  if (!period.start && !period.end) return [];
  return [
    {
      low: period.start ? intervalOf(period.start).low : -Infinity,
      high: period.end ? intervalOf(period.end).high : Infinity,
    },
  ];
}

const comparisons: Record<string, (row: Interval, asked: Interval) => boolean> = {
  '': (row, asked) => row.low >= asked.low && row.high <= asked.high,
  eq: (row, asked) => row.low >= asked.low && row.high <= asked.high,
  ne: (row, asked) => !(row.low >= asked.low && row.high <= asked.high),
  gt: (row, asked) => row.high > asked.high,
  lt: (row, asked) => row.low < asked.low,
  ge: (row, asked) => row.high > asked.high || (row.low >= asked.low && row.high <= asked.high),
  le: (row, asked) => row.low < asked.low || (row.low >= asked.low && row.high <= asked.high),
  sa: (row, asked) => row.low >= asked.high,
  eb: (row, asked) => row.high <= asked.low,
};

export function dateAsks(value: Value): Ask[] {
  const dates: string[] =
    typeof value === 'string' ? [value] : [value.start, value.end, ...(value.event ?? [])].filter(Boolean);
  return dates.flatMap((date) =>
    [...new Set([date, date.slice(0, 10), date.slice(0, 7), date.slice(0, 4)])].flatMap((asked, n) =>
      Object.entries(comparisons)
        // The same prefixes at every precision would be more of the same.
        .filter(([prefix], i) => prefix === '' || n === 0 || i % 2 === n % 2)
        .map(([prefix, compare]) =>
          ask(`${prefix}${asked}`, (values) =>
            values.flatMap(intervalsOf).some((row) => compare(row, intervalOf(asked))),
          ),
        ),
    ),
  );
}

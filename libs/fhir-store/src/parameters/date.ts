import { badParameter } from '../fhir-error.js';
import type { Statement } from '../postgres/statement.js';
import { boundEnds, hasInterval, type RowInterval } from './conditions.js';
import { dateRange, type DateRange } from './date-range.js';
import { missing } from './missing.js';
import { comparison, type ParameterType } from './parameter-type.js';
import { compareIntervals, splitPrefix, type Prefix } from './prefixes.js';
import { isObject, unescape } from './values.js';

/* Parameters of type date: dates, instants, Periods, Timings (FHIR R4 §3.1.1.4.7). */

/**
 * The ends of a Period without a start or an end: the limits of JavaScript's time, beyond every year of four
 * digits.
 */
const farPast = -8_640_000_000_000_000;
const farFuture = 8_640_000_000_000_000;

/**
 * The interval of a value; undefined when the value has none. A Period that ends before it starts has none:
 * every date between would match it.
 */
export function rangeOfDate(value: unknown): DateRange | undefined {
  if (typeof value === 'string') return dateRange(value);
  if (!isObject(value)) return undefined;
  if (value.start !== undefined || value.end !== undefined) {
    const low = typeof value.start === 'string' ? dateRange(value.start)?.low : farPast;
    const high = typeof value.end === 'string' ? dateRange(value.end)?.high : farFuture;
    return low === undefined || high === undefined || high <= low ? undefined : { low, high };
  }
  return rangeOfTiming(value);
}

/** A Timing lasts from its first event to its last, or as long as its bounds. */
function rangeOfTiming(value: Record<string, unknown>): DateRange | undefined {
  const events = (Array.isArray(value.event) ? value.event : [])
    .map((event) => dateRange(String(event)))
    .filter((range) => range !== undefined);
  if (events.length > 0)
    return {
      low: Math.min(...events.map(({ low }) => low)),
      high: Math.max(...events.map(({ high }) => high)),
    };
  return isObject(value.repeat) && isObject(value.repeat.boundsPeriod)
    ? rangeOfDate(value.repeat.boundsPeriod)
    : undefined;
}

/**
 * The prefix and the interval of a value.
 * @throws FhirError when the value is not a date
 */
export function datesAsked(name: string, value: string): { prefix: Prefix; range: DateRange } {
  const { prefix, rest } = splitPrefix(name, unescape(value));
  const range = dateRange(rest);
  if (!range)
    throw badParameter(
      name,
      `"${rest}" is not a date; write YYYY, YYYY-MM, YYYY-MM-DD or YYYY-MM-DDThh:mm:ss+zz:zz`,
    );
  if (prefix !== 'ap') return { prefix, range };
  // About: a tenth of the time between now and the date on either side (FHIR R4 §3.1.1.4.6).
  const slack = Math.abs(Date.now() - range.low) * 0.1;
  return { prefix, range: { low: Math.floor(range.low - slack), high: Math.ceil(range.high + slack) } };
}

/** SQL that compares a row's interval with a value. */
export function dateTest(
  statement: Statement,
  name: string,
  value: string,
): (row: Pick<RowInterval, 'low' | 'high'>) => string {
  const { prefix, range } = datesAsked(name, value);
  const asked = boundEnds(statement, range, '::bigint');
  return (row) => compareIntervals(prefix, row, asked, true);
}

export const date: ParameterType = {
  index(entries, { definition }, found) {
    for (const value of found) {
      const range = rangeOfDate(value);
      if (range) entries.addDate(definition.number, range);
    }
  },
  plain: comparison(4, ({ statement }, { alias }, { definition, name, values }) =>
    hasInterval(
      statement,
      alias,
      'date',
      definition.number,
      values.map((value) => dateTest(statement, name, value)),
    ),
  ),
  modifiers: { missing },
  sort: (row, parameter, end, statement) => {
    const v = statement.alias();
    return {
      sql: `SELECT ${end}(${v}.x) FROM unnest(${row}.date_param, ${row}.date_${end === 'max' ? 'high' : 'low'}) AS ${v} (p, x) WHERE ${v}.p = ${parameter}`,
      cast: 'bigint',
    };
  },
};

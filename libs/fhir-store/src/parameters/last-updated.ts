import type { Statement } from '../postgres/statement.js';
import { datesAsked } from './date.js';
import { neverMissing } from './missing.js';
import { comparison, type ParameterType } from './parameter-type.js';
import type { Prefix } from './prefixes.js';

/**
 * The test that a value of `_lastUpdated` asks for. A row's instant is an interval that ends a moment after
 * it begins.
 */
function instantTest(statement: Statement, instant: string, name: string, value: string): string {
  const { prefix, range } = datesAsked(name, value);
  const bound = (milliseconds: number) => statement.bind(new Date(milliseconds), '::timestamptz');
  const inside = () => `(${instant} >= ${bound(range.low)} AND ${instant} < ${bound(range.high)})`;
  const tests: Record<Prefix, () => string> = {
    eq: inside,
    ap: inside,
    ne: () => `NOT ${inside()}`,
    gt: () => `${instant} >= ${bound(range.high)}`,
    sa: () => `${instant} >= ${bound(range.high)}`,
    ge: () => `${instant} >= ${bound(range.low)}`,
    lt: () => `${instant} < ${bound(range.low)}`,
    eb: () => `${instant} < ${bound(range.low)}`,
    le: () => `${instant} < ${bound(range.high)}`,
  };
  return tests[prefix]();
}

/** `_lastUpdated` has its own column. */
export const lastUpdated: ParameterType = {
  index: () => undefined,
  // PostgreSQL plans many intervals of a column in time that grows with the square of their number.
  plain: comparison(40, ({ statement }, { alias }, { name, values }) => {
    const tests = values.map((value) => instantTest(statement, `${alias}.last_updated`, name, value));
    return `(${tests.join(' OR ')})`;
  }),
  modifiers: { missing: neverMissing },
  sort: (row) => ({
    sql: `(extract(epoch FROM ${row}.last_updated) * 1000)::bigint`,
    cast: 'bigint',
    isAlwaysThere: true,
  }),
};

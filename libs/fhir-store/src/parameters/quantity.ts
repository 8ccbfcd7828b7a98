import { badParameter } from '../fhir-error.js';
import type { Statement } from '../postgres/statement.js';
import { boundEnds, hasInterval, type RowInterval } from './conditions.js';
import { Memo } from './memo.js';
import { missing } from './missing.js';
import { numberAsked } from './number-range.js';
import { comparison, type ParameterType } from './parameter-type.js';
import { compareIntervals } from './prefixes.js';
import { isObject, splitUnescaped, textOf, unescape, type Json } from './values.js';

/* Parameters of type quantity: Quantities, Ranges, Moneys (FHIR R4 §3.1.1.4.11). */

interface IndexedNumber {
  low: number;
  high: number;
  /** The names of its unit: it is indexed under each. */
  units: readonly string[];
}

const noUnit = [''];

/**
 * A quantity; a range from its low to its high; a number without a unit. Undefined for anything else, also
 * for a range whose low is above its high: every number between would match it.
 */
export function numberOf(value: unknown): IndexedNumber | undefined {
  if (typeof value === 'number') return { low: value, high: value, units: noUnit };
  if (!isObject(value)) return undefined;
  if (isObject(value.low) || isObject(value.high)) return numberOfRange(value);
  const amount = value.value;
  if (typeof amount !== 'number') return undefined;
  const { low, high } = amountRange(amount, value.comparator);
  return { low, high, units: unitsOf(value) };
}

function numberOfRange(value: Json): IndexedNumber | undefined {
  const low = isObject(value.low) ? value.low : undefined;
  const high = isObject(value.high) ? value.high : undefined;
  const [from, to] = [
    typeof low?.value === 'number' ? low.value : -Number.MAX_VALUE,
    typeof high?.value === 'number' ? high.value : Number.MAX_VALUE,
  ];
  return from > to ? undefined : { low: from, high: to, units: unitsOf(low ?? high ?? {}) };
}

/**
 * The interval of an amount: below the limit of detection, a quantity has `<` and the limit (FHIR R4,
 * Quantity.comparator).
 */
function amountRange(amount: number, comparator: unknown): { low: number; high: number } {
  // The limit is the next number that the index distinguishes from the value.
  const beside = Math.max(Number.MIN_VALUE, Math.abs(amount) * Number.EPSILON);
  switch (comparator) {
    case '<':
      return { low: -Number.MAX_VALUE, high: amount - beside };
    case '<=':
      return { low: -Number.MAX_VALUE, high: amount };
    case '>':
      return { low: amount + beside, high: Number.MAX_VALUE };
    case '>=':
      return { low: amount, high: Number.MAX_VALUE };
    default:
      return { low: amount, high: amount };
  }
}

const units = new Memo<readonly string[]>();

/** The names of a quantity's unit; the empty name stands for any unit. The same unit gives the same array. */
function unitsOf({ system, code, unit, currency }: Json): readonly string[] {
  const found = code ?? currency ?? unit;
  const make = () => namesOfUnit(textOf(system), textOf(code), textOf(unit), textOf(currency));
  return typeof found === 'string' ? units.get(found, [system, code, unit, currency], make) : make();
}

function namesOfUnit(
  system: string | undefined,
  code: string | undefined,
  unit: string | undefined,
  currency: string | undefined,
): string[] {
  return [
    ...new Set(
      [
        '',
        system && code ? `${system}|${code}` : undefined,
        code,
        unit,
        currency,
        currency ? `urn:iso:std:iso:4217|${currency}` : undefined,
      ].filter((name) => name !== undefined),
    ),
  ];
}

/** Splits `number`, `number|system|code` or `number||unit`. @throws FhirError for anything else */
export function quantityParts(name: string, value: string): { amount: string; unit: string } {
  const parts = splitUnescaped(value, '|').map(unescape);
  const [amount = '', system = '', code = ''] = parts;
  if (parts.length === 2 || parts.length > 3 || (system !== '' && code === ''))
    throw badParameter(name, 'must be written number, number|system|code or number||unit');
  return { amount, unit: system ? `${system}|${code}` : code };
}

/** SQL that compares a row's number with a value. */
function quantityTest(statement: Statement, name: string, value: string): (row: RowInterval) => string {
  const { amount, unit } = quantityParts(name, value);
  return amountTest(statement, name, amount, unit);
}

/** @param unit as rows have it: by itself, or in the key of a composite */
export function amountTest(
  statement: Statement,
  name: string,
  amount: string,
  unit: string,
): (row: RowInterval) => string {
  const { prefix, low, high } = numberAsked(name, amount);
  const asked = boundEnds(statement, { low, high }, '::float8');
  const named = statement.bind(unit, '::text');
  return (row) => `(${row.unit} = ${named} AND ${compareIntervals(prefix, row, asked, false)})`;
}

const sortByNumber: ParameterType['sort'] = (row, parameter, end, statement) => {
  const v = statement.alias();
  return {
    sql: `SELECT ${end}(${v}.x) FROM unnest(${row}.number_param, ${row}.number_low) AS ${v} (p, x) WHERE ${v}.p = ${parameter}`,
    cast: 'float8',
  };
};

export const quantity: ParameterType = {
  index(entries, { definition }, found) {
    for (const value of found) {
      const number = numberOf(value);
      if (number)
        for (const unit of number.units) entries.addNumber(definition.number, number.low, number.high, unit);
    }
  },
  plain: comparison(4, ({ statement }, { alias }, { definition, name, values }) =>
    hasInterval(
      statement,
      alias,
      'number',
      definition.number,
      values.map((value) => quantityTest(statement, name, value)),
    ),
  ),
  modifiers: { missing },
  sort: sortByNumber,
};

import { badParameter } from '../fhir-error.js';

export const prefixes = ['eq', 'ne', 'gt', 'lt', 'ge', 'le', 'sa', 'eb', 'ap'] as const;
export type Prefix = (typeof prefixes)[number];

/** Splits `ge2026-01` into its prefix and its value; no prefix means `eq` (FHIR R4 §3.1.1.4.6). */
export function splitPrefix(name: string, value: string): { prefix: Prefix; rest: string } {
  const letters = /^[a-z]{2}(?=[-+.\d])/.exec(value)?.[0];
  if (letters === undefined) return { prefix: 'eq', rest: value };
  if (!prefixes.includes(letters as Prefix))
    throw badParameter(name, `"${letters}" is not a prefix; allowed are ${prefixes.join(', ')}`);
  return { prefix: letters as Prefix, rest: value.slice(2) };
}

/**
 * Compares the interval of a row with the interval asked for (FHIR R4 §3.1.1.4.6).
 * @param row SQL for the low and high end of the row's interval
 * @param asked SQL for the ends of the interval that the value stands for
 * @param open whether the high ends are outside their intervals, as with dates
 */
export function compareIntervals(
  prefix: Prefix,
  row: { low: string; high: string },
  asked: { low: string; high: string },
  open: boolean,
): string {
  const within = () => `(${row.low} >= ${asked.low} AND ${row.high} <= ${asked.high})`;
  const after = open ? '>=' : '>';
  const before = open ? '<=' : '<';
  // These are functions, so that a comparison binds only the ends that it uses.
  const comparisons: Record<Prefix, () => string> = {
    eq: within,
    ne: () => `NOT ${within()}`,
    gt: () => `${row.high} > ${asked.high}`,
    lt: () => `${row.low} < ${asked.low}`,
    ge: () => `(${row.high} > ${asked.high} OR ${within()})`,
    le: () => `(${row.low} < ${asked.low} OR ${within()})`,
    sa: () => `${row.low} ${after} ${asked.high}`,
    eb: () => `${row.high} ${before} ${asked.low}`,
    ap: () => `(${row.low} <= ${asked.high} AND ${row.high} >= ${asked.low})`,
  };
  return comparisons[prefix]();
}

import { badParameter } from '../fhir-error.js';
import { splitPrefix, type Prefix } from './prefixes.js';

export interface NumberAsked {
  prefix: Prefix;
  low: number;
  high: number;
}

/**
 * The interval that a number asks for (FHIR R4 §3.1.1.4.6). With `eq` and `ne` it has all numbers that round
 * to the given one: `5.4` is 5.35 up to but not including 5.45. With `ap` it has a tenth on either side.
 * Otherwise it is the number itself.
 * @throws FhirError when it is not a number
 */
export function numberAsked(name: string, value: string): NumberAsked {
  const { prefix, rest } = splitPrefix(name, value);
  const match = /^(-?)(\d{1,30})(?:\.(\d{1,30}))?(?:[eE]([+-]?\d{1,3}))?$/.exec(rest);
  if (!match) throw badParameter(name, `"${rest}" is not a number`);
  const [, sign = '', whole = '', fraction = '', exponent] = match;
  const amount = Number(rest);
  // R4's table reads `1e2` as 95 to 105: it has two significant digits, like 1.0e2.
  const decimals = exponent === undefined ? fraction : fraction.padEnd(1, '0');
  const power = Number(exponent ?? 0) - decimals.length - 1;
  // Counts in halves of the last digit, so that the bounds are the doubles nearest to the decimal bounds.
  const units = BigInt(`${sign}${whole}${decimals}`) * 10n;
  const bound = (shift: bigint) => Number(`${units + shift}e${power}`);
  if (prefix === 'ap') {
    const slack = Math.abs(amount) * 0.1;
    return { prefix, low: Math.min(amount - slack, bound(-5n)), high: Math.max(amount + slack, bound(5n)) };
  }
  return prefix === 'eq' || prefix === 'ne'
    ? // Doubles may not distinguish a number of many digits from its bounds. It still finds itself.
      { prefix, low: bound(-5n), high: Math.max(amount, justBelow(bound(5n))) }
    : { prefix, low: amount, high: amount };
}

/** The greatest double below the given one, because the upper end does not belong to an interval. */
function justBelow(value: number): number {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  if (value === 0) return -Number.MIN_VALUE;
  view.setBigInt64(0, view.getBigInt64(0) + (value > 0 ? -1n : 1n));
  return view.getFloat64(0);
}

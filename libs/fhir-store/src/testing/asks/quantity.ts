import { ask, escape, type Ask, type Value } from './ask.js';

interface Amount {
  low: number;
  high: number;
  units: [system: string | undefined, code: string | undefined, unit: string | undefined];
}

function amountsOf(value: Value): Amount[] {
  if (typeof value === 'number')
    return [{ low: value, high: value, units: [undefined, undefined, undefined] }];
  if (value.low || value.high) {
    const { system, code, unit } = value.low ?? value.high;
    return [
      {
        low: value.low?.value ?? -Infinity,
        high: value.high?.value ?? Infinity,
        units: [system, code, unit],
      },
    ];
  }
  if (value.value === undefined) return [];
  const { system, code, unit, currency } = value;
  return [
    {
      low: value.value,
      high: value.value,
      units: currency ? ['urn:iso:std:iso:4217', currency, undefined] : [system, code, unit],
    },
  ];
}

const amountComparisons: Record<string, (row: Amount, asked: number) => boolean> = {
  gt: (row, asked) => row.high > asked,
  lt: (row, asked) => row.low < asked,
  ge: (row, asked) => row.high >= asked,
  le: (row, asked) => row.low <= asked,
  sa: (row, asked) => row.low > asked,
  eb: (row, asked) => row.high < asked,
};

export function quantityAsks(value: Value): Ask[] {
  return amountsOf(value).flatMap(({ low, units: [system, code, unit] }) => {
    if (!Number.isFinite(low)) return [];
    const digits = String(low);
    const decimals = digits.split('.')[1]?.length ?? 0;
    const half = 0.5 / 10 ** decimals;
    // Rounding noise of binary fractions is not what is tested here.
    const equal = (row: Amount) => row.low - low >= -half * (1 + 1e-9) && row.high - low < half * (1 - 1e-9);
    const some = (test: (row: Amount) => boolean) => (values: Value[]) =>
      values.flatMap(amountsOf).some(test);
    const inSystem = (row: Amount) => row.units[0] === system && row.units[1] === code;
    return [
      ask(digits, some(equal)),
      ask(
        `ne${digits}`,
        some((row) => !equal(row)),
      ),
      ...Object.entries(amountComparisons).map(([prefix, compare]) =>
        ask(
          `${prefix}${digits}`,
          some((row) => compare(row, low)),
        ),
      ),
      ...(system && code
        ? [
            ask(
              `${digits}|${escape(system)}|${escape(code)}`,
              some((row) => equal(row) && inSystem(row)),
            ),
            ask(
              `le${digits}|${escape(system)}|${escape(code)}`,
              some((row) => row.low <= low && inSystem(row)),
            ),
          ]
        : []),
      ...[code, unit].flatMap((name) =>
        name
          ? [
              ask(
                `${digits}||${escape(name)}`,
                some((row) => equal(row) && row.units.slice(1).includes(name)),
              ),
            ]
          : [],
      ),
      ask(`${digits}||furlong`, () => false),
    ];
  });
}

import { BoundedCache } from '@payer/service';

/** Characters. Real headers are shorter, and a longer one from a stranger must not occupy memory. */
const maxLength = 500;
const capacity = 100;

/**
 * Keeps a pure function's results for the few header values that real clients send. The cache is bounded,
 * because anybody can send other values.
 */
export function memoize<Result>(compute: (header: string) => Result): (header: string) => Result {
  const results = new BoundedCache<string, { result: Result }>(capacity);
  return (header) => {
    if (header.length > maxLength) return compute(header);
    const known = results.get(header);
    if (known) return known.result;
    const result = compute(header);
    results.set(header, { result });
    return result;
  };
}

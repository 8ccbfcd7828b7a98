/** Characters. Real headers are shorter, and a longer one from a stranger must not occupy memory. */
const longestRemembered = 500;

/**
 * Caches a pure function's results for the few header values that real clients send. The cache is bounded,
 * because anybody can send other values.
 */
export function remembered<Result>(
  compute: (header: string) => Result,
  limit = 200,
): (header: string) => Result {
  const results = new Map<string, Result>();
  return (header) => {
    if (header.length > longestRemembered) return compute(header);
    const known = results.get(header);
    if (known !== undefined || results.has(header)) return known as Result;
    const result = compute(header);
    if (results.size >= limit) results.clear();
    results.set(header, result);
    return result;
  };
}

/** Characters; real headers are shorter, and what strangers send must not be kept in megabytes. */
const longestRemembered = 500;

/** Remembers what a pure function gave for the few header values that clients really send; bounded, since anybody can send others. */
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

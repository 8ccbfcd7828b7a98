import autocannon from 'autocannon';

export interface Measured {
  requestsPerSecond: number;
}

export interface Target {
  url: string;
  headers?: Record<string, string>;
}

/**
 * Sends the same request, or many requests in turn, for some seconds, as fast as answers come.
 * @param targets all of one host. Each connection has a part of them and repeats it
 * @throws Error when an answer is not 200
 */
export async function measure(
  targets: Target | readonly Target[],
  seconds: number,
  connections: number,
): Promise<Measured> {
  const all = [targets].flat();
  const [first] = all;
  if (!first) throw new Error('there is no request to send');
  const parts = partsOf(all, connections);
  let connected = 0;
  const result = await autocannon({
    ...first,
    connections,
    duration: seconds,
    ...(all.length > 1
      ? { setupClient: (client) => client.setRequests(parts[connected++ % parts.length]!) }
      : {}),
  });
  if (result.non2xx > 0 || result.errors > 0)
    throw new Error(`${first.url}: ${result.non2xx} answers were not 200, ${result.errors} errors`);
  return { requestsPerSecond: result.requests.mean };
}

/** Deals the requests out to the connections. With fewer requests than connections, some share a part. */
function partsOf(targets: readonly Target[], connections: number): autocannon.Request[][] {
  const parts: autocannon.Request[][] = Array.from(
    { length: Math.min(connections, targets.length) },
    () => [],
  );
  for (const [i, { url, headers }] of targets.entries()) {
    const { pathname, search } = new URL(url);
    parts[i % parts.length]!.push({ method: 'GET', path: `${pathname}${search}`, headers });
  }
  return parts;
}

export const median = (numbers: readonly number[]): number =>
  [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? NaN;

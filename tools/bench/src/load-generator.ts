import autocannon from 'autocannon';

export interface Measured {
  requestsPerSecond: number;
  p50: number;
  p99: number;
}

export interface Target {
  url: string;
  headers?: Record<string, string>;
}

/**
 * Sends the same request for some seconds.
 * @param rate requests per second in total; as fast as answers come when absent
 * @throws Error when an answer is not 200
 */
export async function measure(
  target: Target,
  seconds: number,
  connections: number,
  rate?: number,
): Promise<Measured> {
  const result = await autocannon({
    ...target,
    connections,
    duration: seconds,
    ...(rate ? { overallRate: rate } : {}),
  });
  if (result.non2xx > 0 || result.errors > 0)
    throw new Error(`${target.url}: ${result.non2xx} answers were not 200, ${result.errors} errors`);
  return { requestsPerSecond: result.requests.mean, p50: result.latency.p50, p99: result.latency.p99 };
}

export const median = (numbers: readonly number[]): number =>
  [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? NaN;

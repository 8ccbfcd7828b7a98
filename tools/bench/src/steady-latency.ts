import { setTimeout as pause } from 'node:timers/promises';
import type { Target } from './load-generator.js';
import { SmallClient } from './small-client.js';

/** Requests per second; every data set of the bench sustains it easily. */
const rate = 150;
const connections = 8;

/**
 * Sends requests one after another at a steady rate.
 *
 * Autocannon's `overallRate` measures something else: each connection sends its requests of a second in one
 * burst, and an answer of n ms is recorded n times, as n, n - 1, … 1 ms.
 * @param targets all of one host; asked in turn
 * @returns milliseconds from the time at which each request was due to its answer, even when an earlier
 *   request was late
 * @throws Error when an answer is not 200
 */
export async function steadyLatencies(targets: readonly Target[], seconds: number): Promise<number[]> {
  const clients = Array.from({ length: connections }, () => new SmallClient());
  const latencies: Promise<number>[] = [];
  const startedAt = performance.now();
  for (let i = 0; i < rate * seconds; i++) {
    const due = startedAt + (i * 1000) / rate;
    await pause(Math.max(0, due - performance.now()));
    const { url, headers } = targets[i % targets.length]!;
    const latency = clients[i % connections]!.status(url, 'GET', headers).then((status) => {
      if (status !== 200) throw new Error(`${url} was answered with ${status}`);
      return performance.now() - due;
    });
    // The failure is thrown below, after all requests are sent.
    latency.catch(() => undefined);
    latencies.push(latency);
  }
  const all = await Promise.all(latencies);
  for (const client of clients) client.close();
  return all;
}

import { setTimeout as pause } from 'node:timers/promises';
import { SmallClient } from '../small-client.js';

/** A request of another app; its latency is measured. */
export interface Other {
  what: string;
  url: string;
  accessToken: string;
}

/** Requests per second of each other app: so few that none waits for another on the client's side. */
const rate = 40;
const connections = 4;

/**
 * Sends all requests concurrently, each at a steady rate.
 * @returns the latencies of each in milliseconds, from the time at which a request was due to the end of its
 * answer
 * @throws Error when an answer is not 200
 */
export async function latenciesOf(others: readonly Other[], seconds: number): Promise<number[][]> {
  const measured = others.map(async (other, place) => {
    // Staggers the requests of the other apps.
    await pause((place * 1000) / rate / others.length);
    return latencies(other, seconds);
  });
  return Promise.all(measured);
}

async function latencies({ url, accessToken }: Other, seconds: number): Promise<number[]> {
  const clients = Array.from({ length: connections }, () => new SmallClient());
  const headers = { authorization: `Bearer ${accessToken}` };
  const answered: Promise<number>[] = [];
  const begun = performance.now();
  for (let sent = 0; sent < rate * seconds; sent++) {
    const due = begun + (sent * 1000) / rate;
    await pause(Math.max(0, due - performance.now()));
    // Excludes the timer's delay, which this process causes and not the system.
    const from = performance.now();
    const latency = clients[sent % connections]!.status(url, 'GET', headers).then((status) => {
      if (status !== 200) throw new Error(`${url} was answered with ${status}`);
      return performance.now() - from;
    });
    // The failure is thrown below, after all requests are sent.
    latency.catch(() => undefined);
    answered.push(latency);
  }
  const all = await Promise.all(answered);
  for (const client of clients) client.close();
  return all;
}

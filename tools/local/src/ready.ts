import { get } from 'node:http';
import type { SupervisedProcess } from './processes.js';

/** Milliseconds between two requests; each costs time that the starting services need. */
const askedEvery = 100;

export interface ReadyOptions {
  name: string;
  port: number;
  process: Pick<SupervisedProcess, 'hasGivenUp'>;
  /** Milliseconds. When absent, the wait lasts as long as the process lives. */
  timeout?: number;
  say?(line: string): void;
  /** Milliseconds between two progress lines. Default 10 s. */
  saidEvery?: number;
}

/**
 * Waits until a service is ready. On a slow machine, it waits as long as the process lives.
 * @throws Error with the last answer when the process has given up, or on the timeout
 */
export async function whenReady({
  name,
  port,
  process,
  timeout,
  say,
  saidEvery = 10_000,
}: ReadyOptions): Promise<void> {
  let last: string;
  const startedAt = Date.now();
  let saidAt = startedAt;
  do {
    const { ready, reason: answer } = await askReadiness(port);
    if (ready) return;
    last = answer;
    const reason = process.hasGivenUp;
    if (reason && timeout === undefined) throw new Error(reason);
    if (Date.now() - saidAt >= saidEvery) {
      saidAt = Date.now();
      say?.(`waiting for ${name} since ${Math.round((saidAt - startedAt) / 1000)} s: ${last}`);
    }
    await new Promise((resolve) => setTimeout(resolve, askedEvery));
  } while (timeout === undefined || Date.now() - startedAt < timeout);
  throw new Error(`${name} is not ready after ${timeout / 1000} s: ${last}`);
}

/** The answer of a service at `/health/ready`: ready, or the failing checks. */
async function askReadiness(port: number): Promise<{ ready: boolean; reason: string }> {
  return new Promise((resolve) => {
    const noAnswer = () => resolve({ ready: false, reason: 'it does not answer yet' });
    const request = get({ host: 'localhost', port, path: '/health/ready', agent: false, timeout: 2000 });
    request.on('timeout', () => request.destroy());
    request.on('error', noAnswer);
    request.on('response', (response) => {
      let body = '';
      response.on('data', (chunk: Buffer) => (body += chunk.toString()));
      response.on('error', noAnswer);
      response.on('end', () => resolve({ ready: response.statusCode === 200, reason: failingChecks(body) }));
    });
  });
}

/**
 * The failing checks in an answer of `@nestjs/terminus`, for people; the answer itself when it has another
 * format.
 */
function failingChecks(body: string): string {
  try {
    const { error } = JSON.parse(body) as { error: Record<string, { message?: string }> };
    return Object.entries(error)
      .map(([check, { message }]) => (message ? `${check}: ${message}` : check))
      .join('; ');
  } catch {
    return body.slice(0, 300);
  }
}

import { connect } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { SmallClient } from '../small-client.js';

/**
 * Requests of a greedy app: as fast as they are answered, or at a fixed rate, until the parent process is
 * gone.
 */
export interface GreedyLoad {
  url: string;
  method: 'GET' | 'POST';
  headers: Record<string, string>;
  body?: string;
  connections: number;
  /**
   * Requests per second in total, regardless of pending answers. When absent, each request waits for the
   * previous answer.
   */
  rate?: number;
  /** Bytes per second that each connection reads of the answers; unlimited when absent. */
  readRate?: number;
}

/** Number of answers by status; 0 counts failed connections. */
export type GreedyAnswers = Record<number, number>;

/** The answers since the start of the process. */
export interface GreedyReport {
  answers: GreedyAnswers;
  /** Bytes of the bodies of whole answers. */
  bytes: number;
  /** Milliseconds of processor time that the client has used. */
  processor: number;
}

const load = JSON.parse(process.argv[2]!) as GreedyLoad;
const answers: GreedyAnswers = {};
let bytes = 0;
let isFinishing = false;
process.on('message', (message) => {
  if (message === 'finish') {
    isFinishing = true;
    return;
  }
  const { user, system } = process.cpuUsage();
  process.send!({ answers, bytes, processor: (user + system) / 1000 } satisfies GreedyReport);
});
process.on('disconnect', () => process.exit(0));
process.send!('started');

const count = (status: number) => (answers[status] = (answers[status] ?? 0) + 1);

async function ask(client: SmallClient): Promise<void> {
  const { url, method, headers, body } = load;
  // Pause after a refused connection: a tight loop of failures would only measure this machine.
  const answer = await client
    .drain(url, method, headers, body)
    .catch(() => pause(20, { status: 0, bytes: 0 }));
  count(answer.status);
  bytes += answer.bytes;
}

async function askAgainAndAgain(): Promise<void> {
  const client = new SmallClient();
  while (!isFinishing) await ask(client);
}

async function askAtRate(rate: number): Promise<void> {
  const clients = Array.from({ length: load.connections }, () => new SmallClient());
  const begun = performance.now();
  const pending = new Set<Promise<void>>();
  for (let sent = 0; !isFinishing;) {
    const due = ((performance.now() - begun) * rate) / 1000;
    for (; sent < due; sent++) {
      const asked = ask(clients[sent % clients.length]!).finally(() => pending.delete(asked));
      pending.add(asked);
    }
    await pause(Math.min(100, Math.max(1, 1000 / rate)));
  }
  await Promise.all(pending);
}

/** Sends one request after another and reads the answers in small pieces. */
function readSlowly(readRate: number): Promise<void> {
  const { host, hostname, port, pathname, search } = new URL(load.url);
  const head = Object.entries({ host, ...load.headers }).map(([name, value]) => `${name}: ${value}`);
  const request = `${load.method} ${pathname}${search} HTTP/1.1\r\n${head.join('\r\n')}\r\n\r\n`;
  return new Promise((resolve) => {
    const socket = connect(Number(port), hostname);
    socket.on('error', () => undefined).on('close', () => resolve());
    socket.write(request.repeat(20));
    let begun = false;
    socket.on('data', (bytes) => {
      if (!begun) count(Number(bytes.subarray(9, 12).toString()));
      begun = true;
      socket.pause();
      setTimeout(() => socket.resume(), (bytes.length / readRate) * 1000);
    });
  });
}

async function readSlowlyAgainAndAgain(readRate: number): Promise<void> {
  while (!isFinishing) {
    await readSlowly(readRate);
    await pause(20);
  }
}

const one = (): Promise<void> =>
  load.readRate === undefined ? askAgainAndAgain() : readSlowlyAgainAndAgain(load.readRate);
await (load.rate === undefined
  ? Promise.all(Array.from({ length: load.connections }, one))
  : askAtRate(load.rate));
process.exit(0);

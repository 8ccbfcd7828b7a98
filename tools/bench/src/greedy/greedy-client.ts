import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { constants, setPriority } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { GreedyLoad, GreedyReport } from './greedy-load.js';
import type { IdleAnswer } from './idle-server.js';

/** A greedy app's client, which sends its load until it is stopped. */
export interface GreedyClient {
  report(): Promise<GreedyReport>;
  /**
   * Sends nothing more, and waits for the answers that the system still owes: it works on them, and the next
   * measurement should not pay for that.
   */
  stop(): Promise<void>;
}

/** Milliseconds: longer than a request waits for its turn in the system. */
const longestAnswer = 20_000;

/**
 * Starts a process of the bench with an argument, at the lowest priority: a greedy client runs on another
 * machine, and must not take the processors of the server here. It resolves with the first message, because
 * the start of a process takes processor time that is not part of the measurement.
 */
async function start(file: string, argument: unknown): Promise<{ child: ChildProcess; first: unknown }> {
  const child = fork(fileURLToPath(new URL(file, import.meta.url)), [JSON.stringify(argument)]);
  setPriority(child.pid!, constants.priority.PRIORITY_LOW);
  const [first] = (await once(child, 'message')) as [unknown];
  return { child, first };
}

export async function startGreedy(load: GreedyLoad): Promise<GreedyClient> {
  const { child } = await start('greedy-load.js', load);
  return {
    async report() {
      const answer = once(child, 'message') as Promise<[GreedyReport]>;
      child.send('report');
      return (await answer)[0];
    },
    async stop() {
      const ended = once(child, 'exit');
      child.send('finish');
      const giveUp = setTimeout(() => child.kill('SIGKILL'), load.readRate ? 1000 : longestAnswer);
      await ended;
      clearTimeout(giveUp);
    },
  };
}

/** Bytes of an answer in the control of a client that reads so slowly that it never has a whole answer. */
const unreadBytes = 1_000_000;

/**
 * Starts the client of the control: the same client has the same work, but asks a server that shares nothing
 * with the measured system. Its requests come at the rate of the answers that the system gave before.
 * @param seconds in which the system gave the answers of the report
 */
export async function startControl(
  load: GreedyLoad,
  report: GreedyReport,
  seconds: number,
): Promise<GreedyClient> {
  const answered = Object.values(report.answers).reduce((sum, number) => sum + number, 0);
  const [[status] = ['200']] = Object.entries(report.answers).sort(([, one], [, other]) => other - one);
  const bytes = report.bytes > 0 ? Math.round(report.bytes / answered) : load.readRate ? unreadBytes : 0;
  const answer: IdleAnswer = { status: Number(status) || 200, bytes };
  const { child: server, first: port } = await start('idle-server.js', answer);
  const client = await startGreedy({
    ...load,
    url: `http://127.0.0.1:${String(port)}/`,
    ...(load.readRate === undefined ? { rate: Math.max(0.1, answered / seconds) } : {}),
  });
  return {
    ...client,
    async stop() {
      await client.stop();
      server.disconnect();
    },
  };
}

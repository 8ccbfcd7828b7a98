import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { endWithUs, freePorts, isFree } from '@payer/processes';
import { dockerEngine } from './docker.js';
import { javaEngine } from './java.js';
import type { BrokerSecurity } from './settings.js';

export type { BrokerSecurity } from './settings.js';

export interface KafkaOptions {
  /** Default 9092. 0 takes a free port. */
  port?: number;
  /** Directory of the topics, which stays after the broker ends. Default `.data/kafka` of the repository. */
  dataDirectory?: string;
  /**
   * The users of the broker and their authentication; always under Java then. Default: every program of this
   * machine.
   */
  security?: BrokerSecurity;
  /** Receives messages about the start, such as a download. */
  log?: (line: string) => void;
}

export interface RunningKafka {
  /** `host:port`, the value of `KAFKA_BROKERS`. */
  brokers: string;
  port: number;
  dataDirectory: string;
  /** "Docker" or "Java". */
  engine: string;
  /** Process id of the broker, or of its `docker run`. */
  pid: number;
  /** Resolves when the broker's process has ended for any reason. */
  exited: Promise<void>;
  /** Shuts the broker down in order, also when it is frozen. Kills it after 20 s. */
  stop(): Promise<void>;
  /** Sends the broker a signal: `SIGKILL` for a crash, `SIGSTOP` and `SIGCONT` to freeze and continue it. */
  kill(signal: NodeJS.Signals): Promise<void>;
}

/** A broker needs 2 s on a quiet machine, and was seen to need more than 60 s beside a build of images. */
const startLimit = 150_000;
const stopLimit = 20_000;
const ready = 'Kafka Server started';
const defaultDirectory = fileURLToPath(new URL('../../../.data/kafka', import.meta.url));

/**
 * Starts one Apache Kafka broker (KRaft, no replication) on this machine and waits until it serves: in Docker
 * where an engine is reachable, with Kafka's Maven artifacts under Java otherwise.
 * @throws Error that says what to do: the port is taken, Java or Maven is missing, the broker did not start
 */
export async function startKafka(options: KafkaOptions = {}): Promise<RunningKafka> {
  const { port: wanted = 9092, dataDirectory = defaultDirectory, security, log = () => {} } = options;
  const pidFile = join(dataDirectory, 'broker.pid');
  if (wanted !== 0 && !(await isFree(wanted))) throw new Error(portTaken(wanted, pidFile));
  const docker = security ? undefined : await dockerEngine(log);
  const engine = docker ?? (await javaEngine(log, security));

  const [free = 0, controllerPort = 0] = await freePorts(2);
  const port = wanted || free;
  mkdirSync(dataDirectory, { recursive: true });
  const logFile = join(dataDirectory, 'broker.log');
  const output = openSync(logFile, 'a');
  const from = statSync(logFile).size;
  const launched = await engine
    .launch({ port, controllerPort, logDirectory: join(dataDirectory, 'topics') }, output)
    .finally(() => closeSync(output));
  const child = launched.process;
  let isRunning = true;
  // No broker stays behind when this process ends without stop(), for example by an uncaught error.
  process.on('exit', launched.killNow);
  // A killed process emits no `exit`.
  const watch = endWithUs(child.pid ?? 0, 'SIGTERM');
  const exited = new Promise<void>((resolve) => {
    const end = () => {
      isRunning = false;
      process.off('exit', launched.killNow);
      watch.release();
      rmSync(pidFile, { force: true });
      resolve();
    };
    child.once('exit', end);
    child.once('error', end);
  });
  const pid = child.pid ?? 0;
  writeFileSync(pidFile, String(pid));

  const stop = async () => {
    if (!isRunning) return exited;
    await launched.signal('SIGCONT');
    await launched.signal('SIGTERM');
    const kill = setTimeout(() => void launched.signal('SIGKILL'), stopLimit);
    await exited;
    clearTimeout(kill);
  };

  const written = () => readFileSync(logFile).subarray(from).toString('utf8');
  for (const deadline = Date.now() + startLimit; !written().includes(ready);) {
    if (!isRunning || Date.now() > deadline) {
      // Read first: an orderly end writes hundreds of lines.
      const log = written();
      const reason = isRunning ? `was not ready after ${startLimit / 1000} s` : 'ended while it started';
      await stop();
      throw new Error(`Kafka ${reason}, on port ${port}:\n${lastWords(log)}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return {
    brokers: `127.0.0.1:${port}`,
    port,
    dataDirectory,
    engine: engine.name,
    pid,
    exited,
    stop,
    kill: (signal) => launched.signal(signal),
  };
}

/** The first error in a broker's log with its cause, and the last lines. */
function lastWords(log: string): string {
  const lines = log.split('\n');
  const causes = lines.filter((line) => /ERROR|FATAL|^Caused by:/.test(line)).slice(0, 10);
  return [...causes, '…', ...lines.slice(-12)].join('\n');
}

function portTaken(port: number, pidFile: string): string {
  const pid = existsSync(pidFile) ? Number(readFileSync(pidFile, 'utf8')) : 0;
  const holder =
    pid > 0 && isAlive(pid)
      ? `the broker of an earlier start (process ${pid}); stop that one first`
      : 'another program; stop it, or choose another port';
  return `Port ${port} is taken by ${holder}.`;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

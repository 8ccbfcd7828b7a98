import { spawn, type ChildProcess } from 'node:child_process';
import { createWriteStream, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { createInterface } from 'node:readline';
import { readable } from './readable.js';

export interface ProcessOptions {
  /** Shown before its lines. */
  name: string;
  /** Path of the compiled entry point. */
  entry: string;
  /** For Node.js itself. */
  nodeArguments?: readonly string[];
  variables: Record<string, string>;
}

/** Fewer milliseconds than this between start and end count as a failed start. */
const failedStart = 5000;
const failedStartsAllowed = 3;

/**
 * Keeps one service running: starts it again when it dies (a killed service comes back), gives up when it fails to start
 * several times in a row. Its lines go to a file, those of standard error in readable form to the caller, too.
 */
export class SupervisedProcess {
  private child: ChildProcess | undefined;
  private stopping = false;
  private failedStarts = 0;
  private givenUp: string | undefined;
  private ended: Promise<number | null> = Promise.resolve(null);

  constructor(
    private readonly options: ProcessOptions & { logFile: string; restart: boolean },
    private readonly say: (line: string) => void,
    private readonly onGivenUp: (reason: string) => void,
  ) {}

  get pid(): number | undefined {
    return this.child?.pid;
  }

  /** Why the service will not come by itself; undefined while it runs or is started again. */
  get hasGivenUp(): string | undefined {
    return this.givenUp;
  }

  start(): void {
    const { name, entry, nodeArguments = [], variables, logFile } = this.options;
    this.stopping = false;
    this.givenUp = undefined;
    mkdirSync(dirname(logFile), { recursive: true });
    const log = createWriteStream(logFile, { flags: 'a' });
    const startedAt = Date.now();
    const child = spawn(process.execPath, [...nodeArguments, entry], {
      env: { ...process.env, ...variables },
      // The channel tells the service that its parent is gone, whatever ended it.
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    this.child = child;
    child.stdout?.pipe(log, { end: false });
    child.stderr?.pipe(log, { end: false });
    if (child.stderr)
      createInterface({ input: child.stderr }).on('line', (line) => {
        if (line.trim()) this.say(`${name}: ${readable(line)}`);
      });
    this.ended = new Promise((resolve) => {
      child.on('close', (code, signal) => {
        log.end();
        resolve(code);
        if (this.child === child) this.child = undefined;
        if (this.stopping) return;
        if (!this.options.restart) {
          this.givenUp = `${name} ended (${signal ?? `exit code ${code}`}); see ${logFile}`;
          return;
        }
        this.failedStarts = Date.now() - startedAt < failedStart ? this.failedStarts + 1 : 0;
        if (this.failedStarts >= failedStartsAllowed) {
          this.givenUp = `${name} does not start; see ${logFile}`;
          return this.onGivenUp(this.givenUp);
        }
        this.say(`${name} ended (${signal ?? `exit code ${code}`}); starting it again`);
        setTimeout(() => this.stopping || this.start(), 300);
      });
    });
  }

  /** Sends a signal without meaning to end the service for good. */
  kill(signal: NodeJS.Signals): void {
    this.child?.kill(signal);
  }

  /** @returns its exit code; null when it had to be killed, or was not running */
  async stop(): Promise<number | null> {
    this.stopping = true;
    this.child?.kill('SIGTERM');
    const forced = setTimeout(() => this.child?.kill('SIGKILL'), 16_000);
    const code = await this.ended;
    clearTimeout(forced);
    return code;
  }
}

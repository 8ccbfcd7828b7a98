import { spawn, type ChildProcess } from 'node:child_process';
import { createWriteStream, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { createInterface } from 'node:readline';
import { readable } from './readable.js';

export interface ProcessOptions {
  /** Prefix of its output lines. */
  name: string;
  /** Path of the compiled entry point. */
  entry: string;
  /** Arguments for Node.js itself. */
  nodeArguments?: readonly string[];
  variables: Record<string, string>;
}

/** A process that ends within this many milliseconds counts as a failed start. */
const failedStart = 5000;
const failedStartsAllowed = 3;

/**
 * Keeps one service running. It restarts the service after its end (also after a kill), and gives up after
 * several failed starts in a row. All output goes to a file; lines of standard error also go to the caller in
 * readable form.
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

  /** Reason why the service will not be restarted; undefined while it runs or restarts. */
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
      // Through the channel the service notices the end of its parent, even a crash.
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

  /** Sends a signal without stopping the supervision. */
  kill(signal: NodeJS.Signals): void {
    this.child?.kill(signal);
  }

  /** @returns the exit code; null when the service had to be killed, or was not running */
  async stop(): Promise<number | null> {
    this.stopping = true;
    this.child?.kill('SIGTERM');
    const forced = setTimeout(() => this.child?.kill('SIGKILL'), 16_000);
    const code = await this.ended;
    clearTimeout(forced);
    return code;
  }
}

import { spawn, type ChildProcess } from 'node:child_process';
import { createWriteStream, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';

export interface ProcessOptions {
  /** Shown before its lines. */
  name: string;
  /** Path of the compiled entry point. */
  entry: string;
  args?: string[];
  /** For Node.js itself. */
  nodeArguments?: readonly string[];
  variables: Record<string, string>;
}

/** Runs a step to its end. @throws Error with what it printed when it fails */
export function runStep(options: ProcessOptions, onLine?: (line: string) => void): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [options.entry, ...(options.args ?? [])], {
      env: { ...process.env, ...options.variables },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    const collect = (chunk: Buffer) => {
      output = (output + chunk.toString()).slice(-20_000);
      for (const line of chunk.toString().split(/\r?\n|\r/)) if (line.trim()) onLine?.(line);
    };
    child.stdout.on('data', collect);
    child.stderr.on('data', collect);
    child.on('error', reject);
    child.on('close', (code) =>
      code === 0
        ? resolve(output)
        : reject(new Error(`${options.name} failed (exit code ${code}):\n${output}`)),
    );
  });
}

/** Fewer milliseconds than this between start and end count as a failed start. */
const failedStart = 5000;
const failedStartsAllowed = 3;

/**
 * Keeps one service running: starts it again when it dies (a killed service comes back), gives up when it fails to start
 * several times in a row. Its log goes to a file, what it says on standard error to the caller.
 */
export class SupervisedProcess {
  private child: ChildProcess | undefined;
  private stopping = false;
  private failedStarts = 0;
  private ended: Promise<number | null> = Promise.resolve(null);

  constructor(
    private readonly options: ProcessOptions & { logFile: string; restart: boolean },
    private readonly say: (line: string) => void,
    private readonly onGivenUp: (reason: string) => void,
  ) {}

  get pid(): number | undefined {
    return this.child?.pid;
  }

  start(): void {
    const { name, entry, nodeArguments = [], variables, logFile } = this.options;
    this.stopping = false;
    mkdirSync(dirname(logFile), { recursive: true });
    const log = createWriteStream(logFile, { flags: 'a' });
    const startedAt = Date.now();
    const child = spawn(process.execPath, [...nodeArguments, entry], {
      env: { ...process.env, ...variables },
      // The channel tells the service that its parent is gone, whatever ended it.
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    this.child = child;
    child.stdout?.pipe(log);
    child.stderr?.on('data', (chunk: Buffer) => {
      for (const line of chunk.toString().split('\n')) if (line.trim()) this.say(`${name}: ${line}`);
    });
    this.ended = new Promise((resolve) => {
      child.on('close', (code, signal) => {
        log.end();
        resolve(code);
        if (this.child === child) this.child = undefined;
        if (this.stopping || !this.options.restart) return;
        this.failedStarts = Date.now() - startedAt < failedStart ? this.failedStarts + 1 : 0;
        if (this.failedStarts >= failedStartsAllowed)
          return this.onGivenUp(`${name} does not start; see ${logFile}`);
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

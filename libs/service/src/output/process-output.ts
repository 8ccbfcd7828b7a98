import { pino, type Level, type Logger } from 'pino';

/** The name in `apps/NAME/dist/…`: the source of log lines before the service's own logger exists. */
function programName(): string {
  const parts = (process.argv[1] ?? '').split(/[\\/]/);
  return parts[parts.lastIndexOf('dist') - 1] ?? 'payer';
}

/**
 * The members of an error that may be logged. Other members may contain statements with their values, or
 * requests with tokens.
 */
export function loggable(error: unknown): { type: string; message: string; stack?: string } {
  if (!(error instanceof Error)) return { type: typeof error, message: String(error) };
  const { name, message, stack } = error;
  return { type: name, message, ...(stack ? { stack } : {}) };
}

const isJsonLine = (text: string) => /^\{.*\}$/.test(text) && parses(text);

function parses(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** Turns each write to a stream into one line of JSON; existing JSON lines stay unchanged. */
function writeAsJson(stream: NodeJS.WriteStream, fd: number, level: Level): Logger {
  const destination = pino.destination({ fd, sync: true });
  const logger = pino({ name: programName(), level: 'trace', serializers: { err: loggable } }, destination);
  stream.write = (chunk: string | Uint8Array, ...rest: unknown[]) => {
    const text = (typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString()).trimEnd();
    const lines = text.split('\n');
    if (lines.every(isJsonLine)) destination.write(`${text}\n`);
    else if (text !== '') logger[level](text);
    const done = rest.find((argument) => typeof argument === 'function') as (() => void) | undefined;
    if (done) process.nextTick(done);
    return true;
  };
  return logger;
}

/**
 * Turns every output line of this process into JSON: the console, libraries that write to the streams
 * directly, warnings of Node.js, and uncaught errors and unhandled rejections with their stacks. After an
 * uncaught error the process still exits with code 1.
 *
 * @param only the streams to capture; the others stay text for a terminal
 */
export function captureOutput(only: readonly ('stdout' | 'stderr')[] = ['stdout', 'stderr']): void {
  if (only.includes('stdout')) writeAsJson(process.stdout, 1, 'info');
  if (!only.includes('stderr')) return;
  const errors = writeAsJson(process.stderr, 2, 'warn');
  // Node.js's own listener would write the warning as text, bypassing the stream.
  process.removeAllListeners('warning');
  process.on('warning', (warning: Error & { code?: string }) =>
    errors.warn({ warning: { ...loggable(warning), code: warning.code } }, warning.message),
  );
  process.on('uncaughtException', (error: unknown, origin) => {
    const { message } = loggable(error);
    errors.fatal(
      { err: error },
      origin === 'unhandledRejection' ? `unhandled rejection: ${message}` : `uncaught exception: ${message}`,
    );
    process.exit(1);
  });
}

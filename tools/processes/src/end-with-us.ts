import { spawn } from 'node:child_process';

export interface Watch {
  /** Process id of the watch. */
  pid: number | undefined;
  /** Ends the watch without ending the server, after the server was stopped in order. */
  release(): void;
}

/**
 * Ends a server when this process ends in any way: an uncaught error, a signal, SIGKILL. A small process
 * waits for the end of its standard input, which the system closes when this process is gone, and then sends
 * the signal.
 * @param pid of the server
 * @param signal how the server ends
 * @param directory is removed afterwards; for a server whose data nobody needs any more
 */
export function endWithUs(
  pid: number,
  signal: 'SIGINT' | 'SIGTERM' | 'SIGQUIT' | 'SIGKILL',
  directory?: string,
): Watch {
  const watch =
    process.platform === 'win32'
      ? spawn(process.execPath, ['-e', windowsWatch, String(pid), directory ?? ''], options)
      : spawn(
          '/bin/sh',
          ['-c', watchScript, 'end-with-us', String(pid), signal.slice(3), directory ?? ''],
          options,
        );
  // Neither the process nor its pipe keeps us running.
  watch.unref();
  (watch.stdin as unknown as { unref(): void }).unref();
  watch.stdin.on('error', () => undefined);
  watch.on('error', () => undefined);
  return { pid: watch.pid, release: () => watch.stdin.end('released\n') };
}

/**
 * A separate session: Ctrl-C in a terminal reaches the whole group, and the watch must outlive this process.
 */
const options = { detached: true, stdio: ['pipe', 'ignore', 'ignore'] as ['pipe', 'ignore', 'ignore'] };

/**
 * `read` fails at the end of the input. Without data to keep, nobody minds when the server is given up after
 * 20 s.
 */
const watchScript = `
read -r word && [ "$word" = released ] && exit 0
kill -s "$2" "$1" 2>/dev/null
[ -n "$3" ] || exit 0
for _ in $(seq 200); do kill -0 "$1" 2>/dev/null || break; sleep 0.1; done
rm -rf -- "$3"
`;

const windowsWatch = `
const [, pid, directory] = process.argv;
let text = '';
process.stdin.on('data', (chunk) => (text += chunk));
process.stdin.on('end', () => {
  if (text.startsWith('released')) process.exit();
  try { process.kill(Number(pid)); } catch {}
  if (directory) setTimeout(() => require('node:fs').rmSync(directory, { recursive: true, force: true }), 2000);
});
`;

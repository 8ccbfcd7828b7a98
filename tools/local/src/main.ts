import { join } from 'node:path';
import { shownFolder, welcome } from './welcome.js';
import { portsFrom } from './services.js';
import { repositoryRoot, startSystem, type RunningSystem } from './system.js';

const dataDirectory = process.env.DATA_DIRECTORY ?? join(repositoryRoot, '.data');
let system: RunningSystem | undefined;
let stopping = false;

async function stop(code: number): Promise<void> {
  if (stopping) return;
  stopping = true;
  console.log('\nStopping …');
  await system?.stop();
  console.log(`Stopped; the data stays in ${shownFolder(dataDirectory)}.`);
  process.exit(code);
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => void stop(0));

// npm does not forward the signal that ends it, so this process must notice the end of its parent.
const parent = process.ppid;
if (process.env.npm_lifecycle_event)
  setInterval(() => {
    if (process.ppid !== parent) void stop(0);
  }, 500).unref();

/**
 * `npm start`: runs the whole system until Ctrl-C.
 * @param built resolves when the code of the services is built
 * @param startedAt milliseconds since the epoch
 */
export async function run(built: Promise<void>, startedAt: number): Promise<void> {
  try {
    console.log('Starting PostgreSQL and the four services …');
    system = await startSystem({
      ports: portsFrom(process.env),
      dataDirectory,
      restart: true,
      built,
      // Node.js 22 and newer keep compiled modules there, which makes the next start a quarter shorter;
      // Node.js 20 ignores it.
      variables: {
        NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE ?? join(dataDirectory, 'compile-cache'),
      },
      say: (line) => console.log(line),
      onGivenUp: (reason) => {
        console.error(reason);
        void stop(1);
      },
    });
    // Ctrl-C may have come during the start.
    if (stopping) await system.stop();
    else console.log(welcome(system.variables, dataDirectory, (Date.now() - startedAt) / 1000));
  } catch (error) {
    console.error(`\nThe system did not start. ${(error as Error).message}`);
    process.exit(1);
  }
}

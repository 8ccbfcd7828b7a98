import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { run } from './commands.js';
import type { Engine } from './engine.js';
import { brokerSettings, toVariable } from './settings.js';

const image = 'apache/kafka:4.4.0';
const logDirectory = '/var/lib/kafka/data';

/** Docker, when its engine answers and the image is present or can be pulled. Otherwise undefined. */
export async function dockerEngine(log: (line: string) => void): Promise<Engine | undefined> {
  if ((await run('docker', ['info'], 10_000)).code !== 0) return undefined;
  if ((await run('docker', ['image', 'inspect', image])).code !== 0) {
    log(`Pulling ${image} …`);
    if ((await run('docker', ['pull', '--quiet', image])).code !== 0) {
      log(`${image} could not be pulled; using Java instead.`);
      return undefined;
    }
  }
  return {
    name: 'Docker',
    async launch(place, output) {
      mkdirSync(place.logDirectory, { recursive: true });
      const container = `payer-kafka-${place.port}`;
      const settings = brokerSettings(
        { ...place, logDirectory },
        { host: '0.0.0.0', advertised: 'localhost' },
      );
      // Runs as our user, so that we can delete the data, and in group 0, which may write the image's
      // configuration.
      const owner = process.getuid ? ['--user', `${process.getuid()}:0`] : [];
      // A killed run leaves its container, which has the same name as ours.
      await run('docker', ['rm', '--force', container]);
      const child = spawn(
        'docker',
        [
          'run',
          '--rm',
          '--name',
          container,
          ...owner,
          '--publish',
          `127.0.0.1:${place.port}:${place.port}`,
          '--volume',
          `${place.logDirectory}:${logDirectory}`,
          ...Object.entries({
            ...Object.fromEntries(Object.entries(settings).map(([name, value]) => [toVariable(name), value])),
            KAFKA_HEAP_OPTS: '-Xms128m -Xmx512m',
          }).flatMap(([name, value]) => ['--env', `${name}=${value}`]),
          image,
        ],
        { detached: true, stdio: ['ignore', output, output] },
      );
      return {
        process: child,
        killNow: () => void spawnSync('docker', ['rm', '--force', container], { timeout: 10_000 }),
        async signal(signal) {
          const commands: Partial<Record<NodeJS.Signals, string[]>> = {
            SIGSTOP: ['pause', container],
            SIGCONT: ['unpause', container],
          };
          await run('docker', commands[signal] ?? ['kill', '--signal', signal, container]);
        },
      };
    },
  };
}

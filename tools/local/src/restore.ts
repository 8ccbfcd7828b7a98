import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { localPostgres } from './local-postgres.js';
import { readRestore, usage, type Restore } from './restore-arguments.js';
import { repositoryRoot } from './system.js';

/** @returns the exit code */
function restore({ command, chosen, flags }: Restore): number {
  if (command === 'log') return run('libs/events/dist/restore-log.main.js', []);
  const codes = chosen.map((name) =>
    run(`apps/${name}/dist/restore.js`, [command, ...(name === 'fhir-api' ? [] : flags)]),
  );
  return Math.max(...codes);
}

function run(entry: string, args: string[]): number {
  const { status } = spawnSync(process.execPath, [join(repositoryRoot, entry), ...args], {
    stdio: 'inherit',
    env: { ...process.env, ...localJournal() },
  });
  return status ?? 1;
}

function localJournal(): Record<string, string> {
  if (process.env.NODE_ENV === 'production' || process.env.REVOCATION_JOURNAL) return {};
  return { REVOCATION_JOURNAL: join(process.env.DATA_DIRECTORY ?? join(repositoryRoot, '.data'), 'journal') };
}

async function main(args: string[]): Promise<number> {
  let given: Restore;
  try {
    given = readRestore(args);
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n\n${usage}`);
    return 2;
  }
  const postgres = await localPostgres();
  try {
    return restore(given);
  } finally {
    if (postgres?.started) await postgres.stop();
  }
}

process.exit(await main(process.argv.slice(2)));

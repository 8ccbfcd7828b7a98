import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { localPostgres } from './local-postgres.js';
import { services } from './services.js';
import { repositoryRoot } from './system.js';

const usage = `After a restore from a backup (docs/operations.md, Restore from a backup); the services are stopped.

  npm run restore -- check [--service NAME]
  npm run restore -- apply [--service NAME] [--without-journal [--confirmed FILE] | --new-journal]
  npm run restore -- log                       the event log alone was restored
  npm run restore -- compact [--service NAME]

Without --service all of ${services.map(({ name }) => name).join(', ')}, each on its own database. A service's own variables choose
database and journal (DATABASE_URL, REVOCATION_JOURNAL); without them, those of npm start.
`;

/** Commands without an effect on the FHIR databases, which own no revocable facts. */
const ownersOnly = new Set(['republish', 'compact']);

function main(args: string[]): number {
  const { positionals, values } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      service: { type: 'string' },
      'without-journal': { type: 'boolean', default: false },
      'new-journal': { type: 'boolean', default: false },
      confirmed: { type: 'string' },
    },
  });
  const [command = '', ...more] = positionals;
  const isKnown = ['check', 'apply', 'log', 'republish', 'compact'].includes(command);
  const chosen = services.filter(({ name }) => values.service === undefined || name === values.service);
  if (!isKnown || more.length > 0 || chosen.length === 0) {
    process.stderr.write(usage);
    return 2;
  }
  if (command === 'log') return run('libs/events/dist/restore-log.main.js', []);
  const flags = [
    ...(values['without-journal'] ? ['--without-journal'] : []),
    ...(values['new-journal'] ? ['--new-journal'] : []),
    ...(values.confirmed ? ['--confirmed', values.confirmed] : []),
  ];
  let code = 0;
  for (const { name } of chosen) {
    if (name === 'fhir-api' && ownersOnly.has(command)) continue;
    const entry = `apps/${name}/dist/restore.js`;
    code = Math.max(code, run(entry, [command, ...(name === 'fhir-api' ? [] : flags)]));
  }
  return code;
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

const postgres = await localPostgres();
const code = main(process.argv.slice(2));
if (postgres?.started) await postgres.stop();
process.exit(code);

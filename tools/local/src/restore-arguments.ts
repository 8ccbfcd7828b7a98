import { parseArgs } from 'node:util';
import { services } from './services.js';

export const usage = `After a restore from a backup (docs/operations.md, Restore from a backup); the services are stopped.

  npm run restore -- check [--service NAME]
  npm run restore -- apply [--service NAME] [--without-journal [--confirmed FILE] | --new-journal]
  npm run restore -- log                       the event log alone was restored
  npm run restore -- compact [--service NAME]  remove from the journal what nobody needs any more
  npm run republish [-- --service NAME]        publish all facts again, without a restore

Without --service all of ${services.map(({ name }) => name).join(', ')}, each on its own database. A service's own variables choose
database and journal (DATABASE_URL, REVOCATION_JOURNAL); without them, those of npm start.
`;

const commands = ['check', 'apply', 'log', 'republish', 'compact'] as const;

/** Commands without an effect on the FHIR databases, which own no revocable facts. */
const ownersOnly = new Set(['republish', 'compact']);

export interface Restore {
  command: (typeof commands)[number];
  /** Names of the services. */
  chosen: string[];
  /** Options of `apply`. */
  flags: string[];
}

/** @throws Error that says what is wrong with the arguments */
export function readRestore(args: string[]): Restore {
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
  const { service, confirmed, 'without-journal': isEnd, 'new-journal': isNewJournal } = values;
  const [given = '', ...more] = positionals;
  const command = commands.find((name) => name === given);
  if (!command || more.length > 0)
    throw new Error(`"${positionals.join(' ')}" is none of the commands ${commands.join(', ')}.`);
  const names: string[] = services.map(({ name }) => name);
  if (service !== undefined && !names.includes(service))
    throw new Error(`--service "${service}" is none of ${names.join(', ')}.`);
  if (command === 'log' && service !== undefined)
    throw new Error('log is about no service: leave --service out.');
  if (service === 'fhir-api' && ownersOnly.has(command))
    throw new Error(`fhir-api owns no facts that end: ${command} has nothing to do there.`);
  if (command !== 'apply' && (isEnd || isNewJournal || confirmed !== undefined))
    throw new Error(
      `--without-journal, --confirmed and --new-journal are options of apply, not of ${command}.`,
    );
  if (isEnd && isNewJournal)
    throw new Error('--without-journal and --new-journal are two ways: choose one (docs/operations.md).');
  if (confirmed !== undefined && !isEnd)
    throw new Error('--confirmed belongs to --without-journal: it spares things of what this ends.');
  if (confirmed === '') throw new Error('--confirmed names no file.');
  return {
    command,
    chosen: names.filter((name) =>
      service === undefined ? name !== 'fhir-api' || !ownersOnly.has(command) : name === service,
    ),
    flags: [
      ...(isEnd ? ['--without-journal'] : []),
      ...(isNewJournal ? ['--new-journal'] : []),
      ...(confirmed !== undefined ? ['--confirmed', confirmed] : []),
    ],
  };
}

import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { Client } from 'pg';
import { compactJournal } from '../journal/compact.js';
import type { JournaledEvent } from '../journal/entry.js';
import { JournalReader } from '../journal/reader.js';
import type { EventLogger } from '../publisher.js';
import { reasonOf } from '../reason.js';
import { isNew, isSameDatabase, readIdentity, type Nullable, type PhysicalIdentity } from './identity.js';
import type { FactsOwner } from './owner.js';
import { queryRows } from './queries.js';
import {
  applyEntries,
  ensureRecovered,
  inspect,
  inTransaction,
  renewIdentity,
  RestoreNeedsDecision,
  withRecoveryLock,
  type RecoveryOptions,
} from './recovery.js';

/** Exit code of `check` when the database lacks facts. */
const lacksFacts = 3;

const usage = `What a restored database of this service lacks, and what to do about it (docs/operations.md, Restore from a backup).

  check                                  whether the database was restored, and what the journal holds that it lacks
  apply                                  take it from the journal (the service does the same when it starts)
  apply --without-journal                end everything that is older than the restore, for a service without a journal
        [--confirmed FILE]               but not the things whose ids are in the file, one a line
  apply --new-journal                    begin another journal: the old one is lost, and the database was not restored
  republish                              publish all facts again
  compact                                remove what nobody needs any more from the journal (JOURNAL_KEPT_DAYS)
`;

export interface RestoreCommandOptions {
  databaseUrl: string;
  owner: FactsOwner;
  /** REVOCATION_JOURNAL */
  journal: string | undefined;
  /** JOURNAL_KEPT_DAYS */
  keptDays: number;
}

/** The command line is wrong, and nothing was changed. */
class Misuse extends Error {}

const say = (line: string) => process.stdout.write(`${line}\n`);
const logger: EventLogger = { log: say, warn: (line) => say(String(line)), error: say };

/**
 * Runs `restore.js check|apply|republish|compact` of a service.
 * @returns the exit code
 */
export async function restoreCommand(options: RestoreCommandOptions, args: string[]): Promise<number> {
  try {
    return await carryOut(options, args);
  } catch (error) {
    process.stderr.write(`restore of ${options.owner.service}: ${reasonOf(error)}\n`);
    return error instanceof Misuse ? 2 : error instanceof RestoreNeedsDecision ? lacksFacts : 1;
  }
}

async function carryOut(options: RestoreCommandOptions, args: string[]): Promise<number> {
  const { positionals, values } = parsed(args);
  const [command = '', ...more] = positionals;
  const isEnd = values['without-journal'];
  const isNewJournal = values['new-journal'];
  const hasFlags = isEnd || isNewJournal || values.confirmed !== undefined;
  const isContradiction = isEnd ? isNewJournal : values.confirmed !== undefined;
  if (more.length > 0 || (command !== 'apply' && hasFlags) || isContradiction) throw new Misuse(usage);
  const recovery: RecoveryOptions = { ...options, logger };
  if (command === 'check') return check(recovery);
  if (command === 'republish') return republish(recovery);
  if (command === 'compact') return compact(options);
  if (command !== 'apply') throw new Misuse(usage);
  if (isEnd) return endAll(recovery, idsOf(values.confirmed));
  if (isNewJournal) return beginJournal(recovery);
  const { stored } = await ensureRecovered(recovery);
  say(`${options.owner.service}: the database holds what the journal holds (identity ${stored.id})`);
  return 0;
}

function parsed(args: string[]) {
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: {
        'without-journal': { type: 'boolean', default: false },
        'new-journal': { type: 'boolean', default: false },
        confirmed: { type: 'string' },
      },
    });
  } catch (error) {
    throw new Misuse(`${(error as Error).message}\n\n${usage}`);
  }
}

function idsOf(file: string | undefined): ReadonlySet<string> {
  if (file === undefined) return new Set();
  const lines = readFileSync(file, 'utf8').split('\n');
  return new Set(lines.map((line) => line.trim()).filter(Boolean));
}

async function check({ databaseUrl, owner, journal }: RecoveryOptions): Promise<number> {
  return withClient(databaseUrl, async (client) => {
    const reader = journal === undefined ? undefined : new JournalReader(journal, owner.service);
    const { reason, unknown, identity } = await inspect(client, reader);
    const { physical, stored } = identity;
    say(`${owner.service}: the database ${reason ?? 'is the one that it was'}`);
    if (!isNew(stored) && !isSameDatabase(physical, stored))
      say(`  cluster, timeline, database were ${wordOf(stored)}, are ${wordOf(physical)}`);
    if (!reader) say('  there is no journal (REVOCATION_JOURNAL is not set)');
    for (const fault of unknown.faults) say(`  journal: ${fault}`);
    const missing = reader ? await missingFacts(client, owner, reader) : [];
    for (const line of missing) say(`  missing: ${line}`);
    say(`  ${missing.length} facts of the journal are missing in the database`);
    return reason || missing.length > 0 || unknown.faults.length > 0 ? lacksFacts : 0;
  });
}

const wordOf = ({ system_identifier, timeline, database_oid }: Nullable<PhysicalIdentity>) =>
  `${system_identifier} ${timeline} ${database_oid}`;

/** Compares the whole journal, regardless of the stored positions. */
async function missingFacts(client: Client, owner: FactsOwner, reader: JournalReader): Promise<string[]> {
  const events: JournaledEvent[] = [];
  for await (const { event } of reader.all()) if (event) events.push(event);
  events.sort((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : 0));
  return owner.missing(client, events);
}

async function endAll(options: RecoveryOptions, confirmed: ReadonlySet<string>): Promise<number> {
  const { owner, databaseUrl, journal } = options;
  return withClient(databaseUrl, (client) =>
    withRecoveryLock(client, async () => {
      await refuseWhileServing(client, owner);
      const reader = journal === undefined ? undefined : new JournalReader(journal, owner.service);
      const { unknown } = await inspect(client, reader);
      await applyEntries(client, owner, unknown.entries);
      const lines = await inTransaction(client, async () => {
        const done = await owner.endAll(client, confirmed);
        await renewIdentity(client, unknown.last, true);
        return done;
      });
      for (const line of lines) say(`${owner.service}: ${line}`);
      return 0;
    }),
  );
}

/** Starts a new journal: all facts of the database are republished and thereby written to it. */
async function beginJournal({ owner, databaseUrl, journal }: RecoveryOptions): Promise<number> {
  if (journal === undefined) throw new Misuse('REVOCATION_JOURNAL is not set.');
  return withClient(databaseUrl, (client) =>
    withRecoveryLock(client, async () => {
      await refuseWhileServing(client, owner);
      const { reason, unknown } = await inspect(client, new JournalReader(journal, owner.service));
      if (reason) throw new Misuse(`The database ${reason}: a new journal would forget what has ended.`);
      await inTransaction(client, () => renewIdentity(client, unknown.last, true));
      say(`${owner.service}: the journal starts over, with all facts of the database`);
      return 0;
    }),
  );
}

/** A running service may already have issued tokens based on facts from before the restore. */
async function refuseWhileServing(client: Client, owner: FactsOwner): Promise<void> {
  const relays = await queryRows(
    client,
    `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'outbox-relay'`,
  );
  if (relays.length > 0) throw new Misuse(`${owner.service} runs on this database; stop it first.`);
}

async function republish({ databaseUrl, owner }: RecoveryOptions): Promise<number> {
  return withClient(databaseUrl, async (client) => {
    await readIdentity(client);
    await client.query("UPDATE database_identity SET republish_after = ''");
    say(`${owner.service}: all facts are published again by its relay, now or when the service starts`);
    return 0;
  });
}

async function compact({ owner, journal, keptDays }: RestoreCommandOptions): Promise<number> {
  if (journal === undefined) throw new Misuse('REVOCATION_JOURNAL is not set.');
  const { before, after } = await compactJournal({
    directory: journal,
    service: owner.service,
    keptDays,
    isNeeded: ({ event }, isNewest) => owner.isNeeded(event, isNewest),
  });
  say(`${owner.service}: ${after} of ${before} entries of closed files are kept`);
  return 0;
}

async function withClient<T>(databaseUrl: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: databaseUrl, application_name: 'restore' });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end().catch(() => undefined);
  }
}

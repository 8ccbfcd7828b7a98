import { randomUUID } from 'node:crypto';
import { Client } from 'pg';
import { endSession } from '../postgres/session.js';
import type { JournalEntry } from '../journal/entry.js';
import { JournalReader, type UnknownEntries } from '../journal/reader.js';
import { eventMetrics } from '../metrics.js';
import type { EventLogger } from '../publisher.js';
import {
  isNew,
  isSameDatabase,
  readIdentity,
  type IdentityRecord,
  type PhysicalIdentity,
  type StoredIdentity,
} from './identity.js';
import type { FactsOwner } from './owner.js';
import { queryRows, type Queries } from './queries.js';

/** Advisory lock that allows one process to recover a database. */
const recoveryLock = 0x0b0d;
/** Entries applied in one transaction. */
const batchSize = 500;

/**
 * The database was restored, and the journal is too incomplete to supply the lost facts. An operator must
 * decide.
 */
export class RestoreNeedsDecision extends Error {}

export interface RecoveryOptions {
  databaseUrl: string;
  owner: FactsOwner;
  /** Directory of the journal (REVOCATION_JOURNAL); undefined when there is none. */
  journal: string | undefined;
  logger: EventLogger;
  /**
   * Called when the database was replaced while the service runs. Facts applied to the old database are lost.
   */
  onRestored?(): void;
  /**
   * Whether the service is starting. Then an incomplete journal requires a decision, because the database may
   * have been restored.
   */
  isStart?: boolean;
}

/** Result of {@link inspect}. */
export interface Inspection {
  identity: IdentityRecord;
  /** Reason for a recovery; undefined when the database is unchanged. */
  reason: string | undefined;
  unknown: UnknownEntries;
}

/**
 * Checks the identity of a database, and whether the database holds all entries of the journal.
 *
 * Reads the journal before the database. An entry that existed at that time is in the database's outbox or at
 * or below its position, unless the database was restored.
 */
export async function inspect(client: Queries, reader: JournalReader | undefined): Promise<Inspection> {
  const before = await readIdentity(client);
  const known = before.stored.journal_positions;
  const unknown = (await reader?.unknown(known)) ?? { entries: [], last: {}, faults: [] };
  const identity = unknown.entries.length > 0 ? await readIdentity(client) : before;
  const { physical, stored } = identity;
  if (isNew(stored)) {
    const reason = unknown.entries.length > 0 ? 'is new, but the journal holds facts of it' : undefined;
    return { identity, reason, unknown };
  }
  if (!isSameDatabase(physical, stored))
    return { identity, reason: 'was restored, promoted or copied', unknown };
  const { lost, id } = await lostEntries(client, unknown, stored);
  // The database recovered during the inspection. Its old identity must not pass as the valid one.
  if (id !== stored.id) return inspect(client, reader);
  return {
    identity,
    unknown: { ...unknown, entries: lost },
    reason: lost.length > 0 ? `lacks ${lost.length} facts that the journal holds` : undefined,
  };
}

/**
 * Entries that are missing from the outbox, too. The relay moves the position only after it has written an
 * entry.
 * @returns the entries, and the id of the database when they were last compared
 */
async function lostEntries(
  client: Queries,
  { entries }: UnknownEntries,
  { id, journal_positions: positions }: StoredIdentity,
): Promise<{ lost: JournalEntry[]; id: string }> {
  const open = entries.filter(({ database, number, event }) => event && number > (positions[database] ?? 0));
  if (open.length === 0) return { lost: [], id };
  const waiting = await queryRows<{ event_id: string; positions: Record<string, number> }>(
    client,
    `SELECT event_id FROM outbox WHERE event_id = ANY($1::uuid[])
     UNION ALL SELECT event_id FROM outbox_journal WHERE event_id = ANY($1::uuid[])`,
    [open.map(({ event }) => event!.id)],
  );
  const ids = new Set(waiting.map(({ event_id }) => event_id));
  const rest = open.filter(({ event }) => !ids.has(event!.id));
  if (rest.length === 0) return { lost: [], id };
  // Between the two reads the relay may have deleted rows and moved the position.
  const { stored } = await readIdentity(client);
  const moved = stored.journal_positions;
  return { lost: rest.filter(({ database, number }) => number > (moved[database] ?? 0)), id: stored.id };
}

/**
 * Ensures that a database serves no fact after losing the fact's revocation. Compares the database with its
 * stored identity and with the journal, and recovers it when they differ. An interrupted step is repeated.
 * One of several processes recovers while the others wait.
 * @returns the valid identity
 * @throws RestoreNeedsDecision when the journal is incomplete
 */
export async function ensureRecovered(options: RecoveryOptions): Promise<IdentityRecord> {
  const client = new Client({
    connectionString: options.databaseUrl,
    application_name: 'database-recovery',
    connectionTimeoutMillis: 5000,
  });
  client.on('error', () => undefined);
  await client.connect();
  try {
    const reader = options.journal ? new JournalReader(options.journal, options.owner.service) : undefined;
    const first = await inspect(client, reader);
    if (options.isStart) refuseLostJournal(first, options);
    if (!isNew(first.identity.stored) && !first.reason) return first.identity;
    return await withRecoveryLock(client, async () => {
      const inspection = await inspect(client, reader);
      const { stored, physical } = inspection.identity;
      if (!isNew(stored) && !inspection.reason) return inspection.identity;
      if (!inspection.reason) await writeFirst(client, physical);
      else await recover(client, inspection, options);
      return readIdentity(client);
    });
  } finally {
    await endSession(client);
  }
}

/** Refuses a database that seems unchanged when its journal is incomplete: one of the two was restored. */
function refuseLostJournal({ reason, unknown, identity }: Inspection, { owner }: RecoveryOptions): void {
  if (reason || isNew(identity.stored) || unknown.faults.length === 0) return;
  throw new RestoreNeedsDecision(
    `The journal of ${owner.service} is incomplete: ${unknown.faults.slice(0, 5).join('; ')}. Bring it back (REVOCATION_JOURNAL). ` +
      `If it is lost, and the database was not restored: npm run restore -- apply --service ${owner.service} --new-journal. ` +
      `If the database was restored: npm run restore -- apply --service ${owner.service} --without-journal`,
  );
}

/** Runs in one process at a time; the lock ends with the session. */
export async function withRecoveryLock<T>(client: Queries, work: () => Promise<T>): Promise<T> {
  await client.query('SELECT pg_advisory_lock($1)', [recoveryLock]);
  try {
    return await work();
  } finally {
    await client.query('SELECT pg_advisory_unlock($1)', [recoveryLock]).catch(() => undefined);
  }
}

async function writeFirst(client: Queries, physical: PhysicalIdentity): Promise<void> {
  await client.query(
    `UPDATE database_identity SET system_identifier = $1, timeline = $2, database_oid = $3
     WHERE system_identifier IS NULL`,
    [physical.system_identifier, physical.timeline, physical.database_oid],
  );
}

async function recover(client: Client, inspection: Inspection, options: RecoveryOptions): Promise<void> {
  const { owner, logger } = options;
  const { unknown, reason } = inspection;
  if (unknown.faults.length > 0)
    throw new RestoreNeedsDecision(
      `The database of ${owner.service} ${reason}, and its journal does not show which facts are missing: ` +
        `${unknown.faults.slice(0, 5).join('; ')}. Bring the journal back (REVOCATION_JOURNAL), or end everything ` +
        `older than the restore: npm run restore -- apply --service ${owner.service} --without-journal`,
    );
  logger.warn(
    `the database of ${owner.service} ${reason}: ${unknown.entries.length} facts of the journal are applied`,
  );
  await applyEntries(client, owner, unknown.entries);
  await inTransaction(client, async () => {
    if (unknown.entries.length > 0) await owner.forgetUnconfirmed(client);
    await owner.raiseVersions?.(client);
    await renewIdentity(client, unknown.last);
  });
  eventMetrics.recoveries.inc({ service: owner.service });
  logger.warn(`the database of ${owner.service} has recovered and publishes its facts again`);
}

/** Applies entries of the journal, oldest first, one batch per transaction. */
export async function applyEntries(
  client: Queries,
  owner: FactsOwner,
  entries: readonly JournalEntry[],
): Promise<void> {
  const events = entries.flatMap(({ event }) => (event ? [event] : []));
  events.sort((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : 0));
  for (let start = 0; start < events.length; start += batchSize)
    await inTransaction(client, () => owner.apply(client, events.slice(start, start + batchSize)));
}

/**
 * Stores a new id, PostgreSQL's current identity, and the end of the journal as the position. The relay then
 * republishes all facts. Call it in a transaction.
 * @param forgetsOthers whether the journal may have lost entries: then only its existing entries count from
 *   now on
 */
export async function renewIdentity(
  client: Queries,
  last: Readonly<Record<string, number>>,
  forgetsOthers = false,
): Promise<void> {
  const { physical, stored } = await readIdentity(client);
  const positions: Record<string, number> = forgetsOthers ? {} : { ...stored.journal_positions };
  for (const [database, number] of Object.entries(last))
    positions[database] = Math.max(number, positions[database] ?? 0);
  await client.query(
    `UPDATE database_identity SET id = $1, system_identifier = $2, timeline = $3, database_oid = $4,
       journal_positions = $5, restored_at = now(), republish_after = ''`,
    [
      randomUUID(),
      physical.system_identifier,
      physical.timeline,
      physical.database_oid,
      JSON.stringify(positions),
    ],
  );
}

export async function inTransaction<T>(client: Queries, work: () => Promise<T>): Promise<T> {
  await client.query('BEGIN');
  try {
    const result = await work();
    await client.query('COMMIT');
    return result;
  } catch (error) {
    await client.query('ROLLBACK').catch(() => undefined);
    throw error;
  }
}

import { factsPerPage, type Fact, type FactOwner, type FactsAnswer, type FactsQuery } from '@payer/smart';
import { rowsFrom, type TransactionClient } from '../database/transaction-client.js';
import { readDatabaseIdentity } from './database-identity.js';

/** The source of an owner's facts: its own tables are the feed, so no copy can differ from them. */
export interface FactSource<Owner extends FactOwner, Row> {
  /**
   * A statement that selects facts. In addition to the columns that {@link toFact} needs, each row has
   * `changed_by` (xid8: the last transaction that changed the row), `key` (text, unique) and `changed_at`
   * (timestamptz, for `recent`).
   */
  select: string;
  toFact(row: Row): Fact<Owner>;
}

/** The part of TypeORM's DataSource that reading a feed needs. */
export interface SnapshotSource {
  transaction<T>(isolation: 'REPEATABLE READ', work: (client: TransactionClient) => Promise<T>): Promise<T>;
}

interface FeedColumns {
  changed_by: string;
  key: string;
}

/**
 * The cursor, on the disk before the answer leaves. A crash takes back transactions that ended without a
 * flush (`synchronous_commit = off`, rollbacks), and PostgreSQL gives their numbers out again. A fact with
 * such a number would lie below the cursor, and no reader would see it. The commit of a message writes the
 * log up to here, on this server alone: a standby that takes over has another identity.
 */
const selectCursor = `
  SELECT pg_snapshot_xmin(pg_current_snapshot())::text AS oldest,
         CASE WHEN pg_current_wal_flush_lsn() < pg_current_wal_insert_lsn()
           THEN set_config('synchronous_commit', 'local', true) || pg_logical_emit_message(true, 'facts', '')
         END`;

/**
 * The facts that changed since a cursor, in the order of their transactions. The new cursor is the oldest
 * transaction that was still running when the page was read: every later commit has this number or a higher
 * one. Rows at or above a cursor may be returned twice. Identity, cursor and rows come from one snapshot, so
 * a database that is replaced meanwhile cannot answer under the identity of its predecessor.
 * @throws Error on a standby, because its list of facts may be incomplete
 */
export function readFacts<Owner extends FactOwner, Row>(
  db: SnapshotSource,
  source: FactSource<Owner, Row>,
  query: FactsQuery,
): Promise<FactsAnswer> {
  return db.transaction('REPEATABLE READ', (client) => readIn(client, source, query));
}

async function readIn<Owner extends FactOwner, Row>(
  client: TransactionClient,
  source: FactSource<Owner, Row>,
  { after, page, recent }: FactsQuery,
): Promise<FactsAnswer> {
  const { identity, restoredSecondsAgo } = await readDatabaseIdentity(client);
  const [running] = rowsFrom<{ oldest: string }>(await client.query(selectCursor));
  const [changedBy, key] = page ? splitPage(page) : [after, ''];
  const rows = rowsFrom<Row & FeedColumns>(
    await client.query(
      `SELECT *, changed_by::text AS changed_by FROM (${source.select}) AS fact
       WHERE (changed_by, key) > ($1::xid8, $2)
       ${recent === undefined ? '' : 'AND changed_at > now() - make_interval(secs => $4)'}
       ORDER BY fact.changed_by, fact.key LIMIT $3`,
      [changedBy, key, factsPerPage, ...(recent === undefined ? [] : [recent])],
    ),
  );
  const last = rows.length === factsPerPage ? rows.at(-1) : undefined;
  return {
    identity,
    restored_seconds_ago: restoredSecondsAgo,
    cursor: running!.oldest,
    next: last ? `${last.changed_by}:${last.key}` : null,
    facts: rows.map((row) => source.toFact(row)),
  };
}

function splitPage(page: string): [changedBy: string, key: string] {
  const colon = page.indexOf(':');
  return [page.slice(0, colon), page.slice(colon + 1)];
}

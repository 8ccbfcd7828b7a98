import { Pool, type PoolClient } from 'pg';
import { waitingEventTypes, type CloudEvent } from '@payer/smart';
import { unhurried, watchedConnection } from '../database/watched-connection.js';
import { checkLog } from './check-log.js';
import { logIdentity } from './log-identity.js';
import { compactionAge, compactLog } from './log-retention.js';
import { applyLogRights, rightsVersion } from './log-rights.js';

export interface LogRow {
  position: string;
  topic: string;
  key: string;
  event: unknown;
}

/** An entry of the log: an event with its search columns. */
export interface LogEntry {
  id: string;
  topic: string;
  key: string;
  event: unknown;
}

export const logChannel = 'event_log';

/**
 * The versions of the log's tables, in order; versions are only added. A start that finds the last version
 * takes no lock that blocks appending or reading. The first version repeats the tables of databases older
 * than the version count.
 */
const versions = [
  `
  CREATE TABLE IF NOT EXISTS event_head (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    position bigint NOT NULL
  );
  INSERT INTO event_head (position) VALUES (0) ON CONFLICT DO NOTHING;
  CREATE TABLE IF NOT EXISTS event_log (
    position bigint PRIMARY KEY,
    event_id text NOT NULL UNIQUE,
    topic text NOT NULL,
    key text NOT NULL,
    event jsonb NOT NULL,
    appended_at timestamptz NOT NULL DEFAULT now()
  );
  CREATE INDEX IF NOT EXISTS event_log_key ON event_log (topic, key, position DESC);
  CREATE TABLE IF NOT EXISTS consumer_group (
    name text PRIMARY KEY,
    position bigint NOT NULL DEFAULT 0,
    updated_at timestamptz NOT NULL DEFAULT now()
  );
  ALTER TABLE consumer_group ADD COLUMN IF NOT EXISTS positions jsonb NOT NULL DEFAULT '{}';
  CREATE TABLE IF NOT EXISTS dead_letter (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    consumer text NOT NULL,
    topic text NOT NULL,
    event jsonb NOT NULL,
    error text NOT NULL,
    at timestamptz NOT NULL DEFAULT now(),
    replayed_at timestamptz
  );
  ALTER TABLE dead_letter ADD COLUMN IF NOT EXISTS discarded_at timestamptz;
  ALTER TABLE dead_letter ADD COLUMN IF NOT EXISTS origin text;
  CREATE UNIQUE INDEX IF NOT EXISTS dead_letter_origin ON dead_letter (consumer, origin);`,
  `
  ALTER TABLE event_head ADD COLUMN IF NOT EXISTS appended_at timestamptz NOT NULL DEFAULT 'epoch';`,
  `
  CREATE TABLE event_log_identity (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    id uuid NOT NULL DEFAULT gen_random_uuid()
  );
  INSERT INTO event_log_identity DEFAULT VALUES;`,
  rightsVersion,
];

export interface LogState {
  head: bigint;
  /** See {@link logIdentity}. */
  identity: string;
}

const deadlockDetected = '40P01';
const undefinedTable = '42P01';

/**
 * The append-only log behind the PostgreSQL transport, in a separate database (the "broker" of a single
 * machine).
 *
 * Positions are assigned under the lock of the single row of `event_head`, held until the commit. So the
 * visible events are a gapless prefix in order of position, and a reader that remembers one number misses
 * nothing. (Numbers from a sequence may become visible out of order. The xmin of snapshots is held back by
 * any long transaction of the cluster.)
 *
 * `appended_at` never decreases from one position to the next, even when the clock goes back. So all events
 * appended before a time come before all later ones.
 */
export class PostgresEventLog {
  readonly pool: Pool;

  /**
   * @param durable whether a commit waits for the disk. A consumer's commit need not wait: a position lost in
   *   a crash only means that events are applied again.
   */
  constructor(
    readonly databaseUrl: string,
    poolSize = 4,
    durable = true,
  ) {
    this.pool = new Pool({
      connectionString: databaseUrl,
      max: poolSize,
      application_name: 'event-log',
      ...watchedConnection(),
      ...(durable ? {} : { options: '-c synchronous_commit=off' }),
      // Not in the types of pg yet: sends a query without waiting for the answer to the previous query.
      ...{ pipeline: true },
    });
    this.pool.on('error', () => undefined);
    // A connection that breaks while in use fails its query. Without a listener the error would end the
    // process, too.
    this.pool.on('connect', (client) => client.on('error', () => undefined));
  }

  /**
   * Brings the tables up to date. Safe to call from several processes at once, and while others append and
   * read.
   * @throws Error when the tables are outdated and this role may not change them
   */
  async migrate(): Promise<void> {
    for (;;) {
      try {
        return await this.migrateOnce();
      } catch (error) {
        // An appending session may have locked the tables in another order; PostgreSQL aborts one of the two.
        if ((error as { code?: string }).code !== deadlockDetected) throw error;
      }
    }
  }

  private async migrateOnce(): Promise<void> {
    const client = await this.pool.connect();
    try {
      if (!(await mayMigrate(client))) return;
      await client.query('BEGIN');
      await client.query(unhurried('SELECT pg_advisory_xact_lock(7001)'));
      await client.query('CREATE TABLE IF NOT EXISTS event_log_version (version int PRIMARY KEY)');
      const { rows } = await client.query<{ version: number }>(
        'SELECT coalesce(max(version), 0) AS version FROM event_log_version',
      );
      for (let version = rows[0]?.version ?? 0; version < versions.length; version++) {
        await client.query(unhurried(versions[version] as string));
        await client.query('INSERT INTO event_log_version (version) VALUES ($1)', [version + 1]);
      }
      await applyLogRights(client);
      await client.query('COMMIT');
    } catch (error) {
      await client.query('ROLLBACK').catch(() => undefined);
      throw error;
    } finally {
      client.release();
    }
  }

  /** Appends events in order and wakes the consumers. An event that is already in the log stays unchanged. */
  append(events: readonly CloudEvent[]): Promise<void> {
    return this.appendEntries(
      events.map((event) => ({ id: event.id, topic: event.type, key: event.subject, event })),
    );
  }

  /** Like {@link append}, for entries that may hold no valid event (a replayed dead letter). */
  async appendEntries(entries: readonly LogEntry[]): Promise<void> {
    if (entries.length > 0) await this.withTables(() => this.appendOnce(entries));
  }

  private async appendOnce(entries: readonly LogEntry[]): Promise<void> {
    const client = await this.pool.connect();
    try {
      const appended = client.query({
        name: 'event-append',
        text: 'SELECT append_events($1::text[], $2::text[], $3::text[], $4::jsonb[])',
        values: [
          entries.map(({ id }) => id),
          entries.map(({ topic }) => topic),
          entries.map(({ key }) => key),
          entries.map(({ event }) => JSON.stringify(event)),
        ],
      });
      // No decision needs an event that may wait: consumers find it when they poll, together with others.
      const hint = [...new Set(entries.map(({ topic }) => topic))].filter(
        (topic) => !waitingEventTypes.includes(topic),
      );
      // Both queries leave in one packet but as two transactions. Transactions with a NOTIFY commit one after
      // another in the whole cluster, each with its own flush to disk. A separate NOTIFY is short and needs
      // no flush.
      const hinted =
        hint.length > 0 &&
        client.query({
          name: 'event-hint',
          text: `SELECT pg_notify('${logChannel}', $1)`,
          values: [hint.join(' ')],
        });
      await Promise.all([appended, hinted]);
      client.release();
    } catch (error) {
      // Whatever failed, the next attempt gets another connection.
      client.release(true);
      throw error;
    }
  }

  /** Position of the last event; 0 when the log is empty. */
  async head(): Promise<bigint> {
    return (await this.state()).head;
  }

  /** End and identity of the log. */
  async state(): Promise<LogState> {
    const { rows } = await this.pool.query<{ position: string; identity: string }>({
      name: 'event-head',
      text: `SELECT position, ${logIdentity} AS identity FROM event_head`,
    });
    return { head: BigInt(rows[0]?.position ?? 0), identity: rows[0]?.identity ?? '' };
  }

  /** See {@link checkLog}. */
  check(memory: unknown): Promise<{ memory: unknown; lost?: string }> {
    return this.withTables(() => checkLog(this.pool, memory, compactionAge));
  }

  /**
   * Creates the tables again when an operator has dropped and recreated the database of a running service.
   */
  async withTables<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if ((error as { code?: string }).code !== undefinedTable) throw error;
      await this.migrate();
      return work();
    }
  }

  /** Position of the newest event appended more than `seconds` ago; 0 when there is none. */
  async positionBefore(seconds: number): Promise<bigint> {
    const { rows } = await this.pool.query<{ position: string }>(
      'SELECT position FROM event_log WHERE appended_at < now() - make_interval(secs => $1) ORDER BY position DESC LIMIT 1',
      [seconds],
    );
    return BigInt(rows[0]?.position ?? 0);
  }

  /**
   * Rows of the given topics after a position, in order, and the end of the log at the time of reading. Fewer
   * rows than `limit` mean that there are no more up to that end.
   * @param old rows to skip: the rows of some topics up to a position
   */
  async read(
    client: Pool | PoolClient,
    after: bigint,
    topics: readonly string[],
    limit: number,
    old: { topics: readonly string[]; upTo: bigint } = { topics: [], upTo: 0n },
  ): Promise<LogState & { rows: LogRow[] }> {
    const { rows } = await client.query<
      { head: string; identity: string } & { [Column in keyof LogRow]: LogRow[Column] | null }
    >({
      name: 'event-read',
      // The planner does not know that event_head has one row.
      text: `SELECT head.position AS head, head.identity, found.position, topic, key, event
             FROM (SELECT position, ${logIdentity} AS identity FROM event_head LIMIT 1) head LEFT JOIN LATERAL (
               SELECT position, topic, key, event FROM event_log
               WHERE position > $1 AND position <= head.position
                 AND topic = ANY($2) AND (position > $4 OR topic <> ALL($5)) ORDER BY position LIMIT $3
             ) found ON true ORDER BY found.position`,
      values: [String(after), topics, limit, String(old.upTo), old.topics],
    });
    return {
      head: BigInt(rows[0]?.head ?? 0),
      identity: rows[0]?.identity ?? '',
      rows: rows.filter((row): row is typeof row & LogRow => row.position !== null),
    };
  }

  /** See {@link compactLog}. */
  compact(olderThan: number): Promise<number> {
    return compactLog(this.pool, olderThan);
  }

  async close(): Promise<void> {
    if (!this.pool.ended && !this.pool.ending) await this.pool.end();
  }
}

/** Prepares the log as its owner, before the start of services with a separate serving role. */
export async function migrateEventLog(ownerUrl: string): Promise<void> {
  const log = new PostgresEventLog(ownerUrl, 1);
  try {
    await log.migrate();
  } finally {
    await log.close();
  }
}

/**
 * Whether this role may create tables here. A serving role may not, so the tables must exist and be up to
 * date.
 * @throws Error when the tables are missing or outdated
 */
async function mayMigrate(client: PoolClient): Promise<boolean> {
  const { rows } = await client.query<{ may: boolean; is_there: boolean }>(
    `SELECT has_schema_privilege('public', 'CREATE') AS may, to_regclass('public.event_log_version') IS NOT NULL AS is_there`,
  );
  if (rows[0]?.may) return true;
  const version = rows[0]?.is_there
    ? await client.query<{ version: number }>('SELECT max(version) AS version FROM event_log_version')
    : undefined;
  if ((version?.rows[0]?.version ?? 0) < versions.length)
    throw new Error(
      'the tables of the event log are missing or old: run the migrations (migrate.js of any service) with EVENTS_MIGRATION_DATABASE_URL',
    );
  return false;
}

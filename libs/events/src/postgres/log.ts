import { Pool, type PoolClient } from 'pg';
import type { CloudEvent } from '@payer/smart';
import { checkLog } from './check-log.js';
import { logIdentity } from './log-identity.js';
import { applyLogRights, rightsVersion } from './log-rights.js';

export interface LogRow {
  position: string;
  topic: string;
  key: string;
  event: unknown;
}

/** What the log takes: an event, with what it is found by. */
export interface LogEntry {
  id: string;
  topic: string;
  key: string;
  event: unknown;
}

export const logChannel = 'event_log';

/**
 * The versions of the log's tables, in order; only ever added to. A start that finds the last one takes no lock that those who append or read would
 * wait for, and the first repeats what databases older than the count of versions have.
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

/** Seconds: longer than any access token lives, so a replica that starts still sees each step of the last hour. */
export const compactionAge = 2 * 3600;

const deadlockDetected = '40P01';
const undefinedTable = '42P01';

/**
 * The append-only log behind the PostgreSQL transport, in a database of its own (the "broker" of a single machine).
 *
 * Positions are given out under the lock of the one row of `event_head`, held until commit: what is visible is a
 * gapless prefix in order of position, so a reader that remembers one number misses nothing. (Sequences give numbers
 * that may become visible out of order; snapshots' xmin is held back by any long transaction of the whole cluster.)
 *
 * `appended_at` never goes back from one position to the next, also when the clock does: what was appended before a time
 * lies before everything that was appended since.
 */
export class PostgresEventLog {
  readonly pool: Pool;

  /**
   * @param durable whether a commit waits for the disk. A consumer's need not: a position that a crash takes back means that
   * events are applied again
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
      connectionTimeoutMillis: 5000,
      ...(durable ? {} : { options: '-c synchronous_commit=off' }),
      // Not in the types of pg yet: a query is sent without waiting for the answer to the one before.
      ...{ pipeline: true },
    });
    this.pool.on('error', () => undefined);
    // A connection that breaks while it is in use fails its query; without a listener it would end the process, too.
    this.pool.on('connect', (client) => client.on('error', () => undefined));
  }

  /**
   * Brings the tables up to date; safe to call from several processes at once, also while others append and read.
   * @throws Error when they are behind and this role owns nothing there
   */
  async migrate(): Promise<void> {
    for (;;) {
      try {
        return await this.migrateOnce();
      } catch (error) {
        // Who appends may have locked the tables in another order; PostgreSQL ends one of the two.
        if ((error as { code?: string }).code !== deadlockDetected) throw error;
      }
    }
  }

  private async migrateOnce(): Promise<void> {
    const client = await this.pool.connect();
    try {
      if (!(await mayMigrate(client))) return;
      await client.query('BEGIN');
      await client.query('SELECT pg_advisory_xact_lock(7001)');
      await client.query('CREATE TABLE IF NOT EXISTS event_log_version (version int PRIMARY KEY)');
      const { rows } = await client.query<{ version: number }>(
        'SELECT coalesce(max(version), 0) AS version FROM event_log_version',
      );
      for (let version = rows[0]?.version ?? 0; version < versions.length; version++) {
        await client.query(versions[version] as string);
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

  /** Appends events in order and wakes the consumers; an event already in the log is left as it is. */
  append(events: readonly CloudEvent[]): Promise<void> {
    return this.appendEntries(
      events.map((event) => ({ id: event.id, topic: event.type, key: event.subject, event })),
    );
  }

  /** As {@link append}, for what may not be an event (a dead letter that is sent again). */
  async appendEntries(entries: readonly LogEntry[]): Promise<void> {
    if (entries.length > 0) await this.withTables(() => this.appendOnce(entries));
  }

  private async appendOnce(entries: readonly LogEntry[]): Promise<void> {
    const client = await this.pool.connect();
    try {
      // Both leave in one packet. Apart, because transactions with a NOTIFY commit one after another in a whole cluster, each
      // with its own flush to disk; this way, that is a short one without a flush.
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
      const hinted = client.query({
        name: 'event-hint',
        text: `SELECT pg_notify('${logChannel}', $1)`,
        values: [[...new Set(entries.map(({ topic }) => topic))].join(' ')],
      });
      await Promise.all([appended, hinted]);
    } finally {
      client.release();
    }
  }

  /** The position of the last event, 0 when there is none. */
  async head(): Promise<bigint> {
    return (await this.state()).head;
  }

  /** Where the log ends, and which log it is. */
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

  /** Makes the tables when they are gone: somebody has dropped the database, and made it again, while the service runs. */
  async withTables<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if ((error as { code?: string }).code !== undefinedTable) throw error;
      await this.migrate();
      return work();
    }
  }

  /** The position of the newest event that was appended before the last seconds, 0 when there is none. */
  async positionBefore(seconds: number): Promise<bigint> {
    const { rows } = await this.pool.query<{ position: string }>(
      'SELECT position FROM event_log WHERE appended_at < now() - make_interval(secs => $1) ORDER BY position DESC LIMIT 1',
      [seconds],
    );
    return BigInt(rows[0]?.position ?? 0);
  }

  /**
   * Rows after a position, of the given topics, in order, and where the log ended when they were read: when there are fewer
   * than `limit`, there are no more up to there.
   * @param old rows that are passed over: of some topics, up to a position
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

  /**
   * Keeps only the newest event of each key among those older than the given age, as Kafka's log compaction does, and
   * nothing that is older than its contract keeps it. Events not yet read by a consumer group stay.
   *
   * @param olderThan seconds
   * @returns how many rows went
   */
  async compact(olderThan: number): Promise<number> {
    const { rows } = await this.pool.query<{ gone: string }>('SELECT compact_events($1) AS gone', [
      olderThan,
    ]);
    return Number(rows[0]?.gone ?? 0);
  }

  async close(): Promise<void> {
    if (!this.pool.ended && !this.pool.ending) await this.pool.end();
  }
}

/** Prepares the log as its owner: the step before services start that serve with a role of their own. */
export async function migrateEventLog(ownerUrl: string): Promise<void> {
  const log = new PostgresEventLog(ownerUrl, 1);
  try {
    await log.migrate();
  } finally {
    await log.close();
  }
}

/**
 * Whether this role makes tables here. One that serves does not: for it the tables must be there.
 * @throws Error when they are not
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

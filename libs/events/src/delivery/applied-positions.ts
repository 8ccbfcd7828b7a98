import { Pool } from 'pg';
import { watchedConnection } from '../database/watched-connection.js';
import { eventMetrics } from '../metrics.js';

/**
 * Positions up to which a consumer group has applied the log, stored in the service's own database beside the
 * applied data. The log stores the same positions. They differ when one of the two was restored.
 */
export class AppliedPositions {
  private readonly pool: Pool;
  /**
   * Whether the current difference is counted already, so that one restore is counted once; reset by the next
   * save.
   */
  private isCounted = false;

  constructor(
    databaseUrl: string,
    private readonly consumer: string,
  ) {
    this.pool = new Pool({
      connectionString: databaseUrl,
      max: 2,
      application_name: 'applied-positions',
      ...watchedConnection(),
    });
    this.pool.on('error', () => undefined);
    eventMetrics.offsetsAhead.inc({ consumer }, 0);
  }

  /**
   * @param positions by topic, or by topic and partition; the next start compares them with the log's
   *   positions
   */
  async save(log: string, positions: ReadonlyMap<string, bigint>): Promise<void> {
    await this.pool.query(
      `INSERT INTO applied_position (source, log, position)
       SELECT source, $1, position FROM unnest($2::text[], $3::bigint[]) AS given (source, position)
       ON CONFLICT (source) DO UPDATE SET log = excluded.log, position = excluded.position`,
      [log, [...positions.keys()], [...positions.values()].map(String)],
    );
    this.isCounted = false;
  }

  /**
   * Compares the positions in the log with the positions in the database.
   * @returns the positions to continue at when the log's are ahead; undefined when none is
   */
  async setBack(log: string, group: ReadonlyMap<string, bigint>): Promise<Map<string, bigint> | undefined> {
    const { rows } = await this.pool.query<{ source: string; log: string; position: string }>(
      'SELECT source, log, position FROM applied_position',
    );
    const applied = new Map(rows.map((row) => [row.source, row]));
    const back = new Map<string, bigint>();
    for (const [source, position] of group) {
      const known = applied.get(source);
      const own = BigInt(known?.position ?? 0);
      back.set(source, own >= position ? position : known?.log === log ? own : 0n);
    }
    if ([...group].every(([source, position]) => back.get(source) === position)) return undefined;
    // A database without any positions is new, or comes from a version that stored none.
    if (rows.length > 0 && !this.isCounted) {
      eventMetrics.offsetsAhead.inc({ consumer: this.consumer });
      this.isCounted = true;
    }
    return back;
  }

  async close(): Promise<void> {
    if (!this.pool.ended && !this.pool.ending) await this.pool.end();
  }
}

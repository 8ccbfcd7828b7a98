import { rowsOf, type Queryable } from '../database/database.js';

/** Limits failed attempts per key (a name, an address) in a window of time; shared by all replicas. */
export class Throttle {
  constructor(
    private readonly db: Queryable,
    private readonly limit: number,
    /** Seconds. */
    private readonly window: number,
  ) {}

  /** Seconds until the next attempt is allowed; 0 when it is allowed now. */
  async retryAfter(keys: readonly string[]): Promise<number> {
    const [row] = await rowsOf<{ wait: number | null }>(
      this.db,
      `SELECT ceil(extract(epoch FROM max(window_ends_at) - now()))::integer AS wait
       FROM attempt WHERE key = ANY($1) AND failures >= $2 AND window_ends_at > now()`,
      [keys, this.limit],
    );
    return row?.wait ?? 0;
  }

  async fail(keys: readonly string[]): Promise<void> {
    await this.db.query("DELETE FROM attempt WHERE window_ends_at < now() - interval '1 hour'");
    for (const key of [...keys].sort())
      await this.db.query(
        `INSERT INTO attempt (key, failures, window_ends_at) VALUES ($1, 1, now() + make_interval(secs => $2))
         ON CONFLICT (key) DO UPDATE SET
           failures = CASE WHEN attempt.window_ends_at < now() THEN 1 ELSE attempt.failures + 1 END,
           window_ends_at = CASE WHEN attempt.window_ends_at < now() THEN excluded.window_ends_at ELSE attempt.window_ends_at END`,
        [key, this.window],
      );
  }

  async succeed(keys: readonly string[]): Promise<void> {
    await this.db.query('DELETE FROM attempt WHERE key = ANY($1)', [keys]);
  }
}

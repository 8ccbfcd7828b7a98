import { setTimeout as pause } from 'node:timers/promises';
import type { DataSource } from 'typeorm';

/** Rows that one statement removes. The limit keeps each statement short, however many rows have expired. */
const removedAtOnce = 1000;

/**
 * Tables whose rows expire, and how long each keeps expired rows: the feed lists a revoked token for one day.
 */
const expiring = [
  ['oidc_artifact', '1 minute'],
  ['revoked_token', '1 day'],
  ['environment_revocation', '1 day'],
] as const;

/**
 * Removes expired rows. It waits for no lock: a row that another transaction holds is left to the next run.
 * After each statement it rests as long as the statement took, so requests keep half of the database.
 */
export async function removeExpired(source: DataSource): Promise<void> {
  for (const [table, kept] of expiring)
    for (;;) {
      const startedAt = performance.now();
      const [, removed] = (await source.query(
        `DELETE FROM ${table} WHERE ctid = ANY(ARRAY(
           SELECT ctid FROM ${table} WHERE expires_at < now() - interval '${kept}'
           LIMIT ${removedAtOnce} FOR UPDATE SKIP LOCKED))`,
      )) as [unknown, number];
      if (removed < removedAtOnce) break;
      await pause(performance.now() - startedAt);
    }
}

import type { DataSource } from 'typeorm';

/** Rows that one statement removes. The limit keeps each statement short, however many rows have expired. */
const removedAtOnce = 5000;

/**
 * Tables whose rows expire, and how long each keeps expired rows: the feed lists a revoked token for one day.
 */
const expiring = [
  ['oidc_artifact', '1 minute'],
  ['revoked_token', '1 day'],
  ['environment_revocation', '1 day'],
] as const;

/** Removes expired rows. */
export async function removeExpired(source: DataSource): Promise<void> {
  for (const [table, kept] of expiring)
    for (let removed = removedAtOnce; removed === removedAtOnce;)
      [, removed] = (await source.query(
        `DELETE FROM ${table} WHERE ctid = ANY(ARRAY(
           SELECT ctid FROM ${table} WHERE expires_at < now() - interval '${kept}' LIMIT ${removedAtOnce}))`,
      )) as [unknown, number];
}

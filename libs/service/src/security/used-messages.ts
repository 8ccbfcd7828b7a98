import { rowsOf, type Queryable } from '../database/rows-of.js';

/**
 * Marks a signed message as used.
 * @param jti the message's id
 * @param expiresAt seconds since the epoch; afterwards the message is refused by its age and the mark may be
 *   deleted
 * @returns false when the message was already used
 */
export async function useMessageOnce(db: Queryable, jti: string, expiresAt: number): Promise<boolean> {
  await db.query("DELETE FROM used_message WHERE expires_at < now() - interval '1 hour'");
  const rows = await rowsOf(
    db,
    'INSERT INTO used_message (jti, expires_at) VALUES ($1, to_timestamp($2)) ON CONFLICT DO NOTHING RETURNING jti',
    [jti, expiresAt],
  );
  return rows.length > 0;
}

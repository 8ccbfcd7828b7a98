import { rowsOf } from '@payer/service';
import type { DataSource } from 'typeorm';

/**
 * Deletes the notices about grants to the addresses of removed members, sent or not. A developer or a
 * reviewer with the same address keeps the mails of the portal.
 * @returns how many it deleted
 */
export async function removeMails(source: DataSource, addresses: readonly string[]): Promise<number> {
  const rows = await rowsOf<{ id: string }>(
    source,
    `WITH gone AS (DELETE FROM mail WHERE to_member AND lower(recipient) = ANY($1) RETURNING id) SELECT id FROM gone`,
    [addresses.map((address) => address.toLowerCase())],
  );
  return rows.length;
}

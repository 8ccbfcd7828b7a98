import { rowsOf } from '@payer/service';
import type { DataSource } from 'typeorm';

/**
 * Deletes the mails to the addresses of removed members, sent or not. The mails are notices about grants,
 * which registration sends for the other services.
 * @returns how many it deleted
 */
export async function removeMails(source: DataSource, addresses: readonly string[]): Promise<number> {
  const rows = await rowsOf<{ id: string }>(
    source,
    `WITH gone AS (DELETE FROM mail WHERE lower(recipient) = ANY($1) RETURNING id) SELECT id FROM gone`,
    [addresses.map((address) => address.toLowerCase())],
  );
  return rows.length;
}

import type { PoolClient } from 'pg';
import { binaryPartColumns, type BinaryRow, type RowBytes } from './batch.js';
import { betweenVersionAndTime } from './stored-text.js';
import { copyRanges } from './write-rows.js';

/** Writes Binaries with their content. */
export async function writeBinaries(
  client: PoolClient,
  written: readonly { row: BinaryRow; version: number }[],
  { binaryParts }: RowBytes,
): Promise<void> {
  if (written.length === 0) return;
  const rows = written.map(({ row: { id, sha256, binary }, version }) => ({
    id,
    version,
    sha256,
    last_updated: binary.updated,
    content_type: binary.contentType,
    size: binary.size,
    security_context: binary.securityContext,
    labels: binary.labels,
    json: `${binary.head}${version}${betweenVersionAndTime}${JSON.stringify(binary.updated)}${binary.tail.slice(0, -1)}`,
  }));
  await client.query(
    `INSERT INTO binary_resource SELECT * FROM jsonb_populate_recordset(NULL::binary_resource, $1)`,
    [JSON.stringify(rows)],
  );
  const parts = written.map(({ row }) => row.binary.parts);
  await copyRanges(client, 'binary_part', binaryPartColumns, parts, binaryParts);
}

export async function deleteBinaries(client: PoolClient, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return;
  for (const table of ['binary_resource', 'binary_part'])
    await client.query(`DELETE FROM ${table} WHERE id = ANY($1)`, [ids]);
}

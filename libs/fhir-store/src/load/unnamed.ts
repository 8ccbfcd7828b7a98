import type { PoolClient } from 'pg';

/** A claim, and the stored resources that may have the missing names of its providers. */
export interface Unnamed {
  type: string;
  id: string;
  targets: readonly string[];
}

/** Notes which stored resources have the missing names. */
export async function rememberUnnamed(client: PoolClient, claims: readonly Unnamed[]): Promise<void> {
  const pairs = claims.flatMap(({ type, id, targets }) => targets.map((target) => [target, type, id]));
  if (pairs.length === 0) return;
  await client.query(
    `INSERT INTO unnamed_reference (target, type, id)
     SELECT * FROM unnest($1::text[], $2::text[], $3::text[]) ON CONFLICT DO NOTHING`,
    [0, 1, 2].map((column) => pairs.map((pair) => pair[column])),
  );
}

import type { PoolClient } from 'pg';
import { isPointer } from './prepare.js';

/**
 * The shared resources that patients' resources reference: pairs of patient and `Type/id`, by the pair as
 * text.
 */
export type Pointers = Map<string, readonly [patient: string, target: string]>;

export async function rememberPointers(client: PoolClient, pointers: Pointers): Promise<void> {
  if (pointers.size === 0) return;
  // In one order: several loaders may note the same pairs.
  const pairs = [...pointers].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, pair]) => pair);
  await client.query({
    name: 'load-pointers',
    text: `INSERT INTO member_reference (patient, target)
           SELECT * FROM unnest($1::text[], $2::text[]) ON CONFLICT DO NOTHING`,
    values: [pairs.map(([patient]) => patient), pairs.map(([, target]) => target)],
  });
}

/** Removes the pointers that no resource of the patient makes any more. */
export async function forgetPointers(
  client: PoolClient,
  lost: readonly (readonly [patient: string, target: string])[],
): Promise<void> {
  const pairs = new Map(
    lost
      .filter(([, target]) => isPointer(target))
      .map(([patient, target]) => [`${patient} ${target}`, [patient, target] as const]),
  );
  if (pairs.size === 0) return;
  await client.query(
    `DELETE FROM member_reference r
     USING unnest($1::text[], $2::text[]) AS lost (patient, target)
     WHERE r.patient = lost.patient AND r.target = lost.target
       AND NOT EXISTS (SELECT 1 FROM member_resource m WHERE m.patient = lost.patient AND m.refs @> ARRAY[lost.target])`,
    [[...pairs.values()].map(([patient]) => patient), [...pairs.values()].map(([, target]) => target)],
  );
}

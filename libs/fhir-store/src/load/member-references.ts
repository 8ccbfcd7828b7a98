import type { PoolClient } from 'pg';
import { isMemberReference } from './prepare.js';

/**
 * The shared resources that patients' resources reference: pairs of patient and `Type/id`, by the pair as
 * text.
 */
export type MemberReferences = Map<string, readonly [patient: string, target: string]>;

export async function addMemberReferences(client: PoolClient, references: MemberReferences): Promise<void> {
  if (references.size === 0) return;
  // In one order: several loaders may note the same pairs.
  const pairs = [...references].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, pair]) => pair);
  await client.query({
    name: 'load-pointers',
    text: `INSERT INTO member_reference (patient, target)
           SELECT * FROM unnest($1::text[], $2::text[]) ON CONFLICT DO NOTHING`,
    values: [pairs.map(([patient]) => patient), pairs.map(([, target]) => target)],
  });
}

/** Removes the references that no resource of the patient makes any more. */
export async function removeMemberReferences(
  client: PoolClient,
  lost: readonly (readonly [patient: string, target: string])[],
): Promise<void> {
  const pairs = new Map(
    lost
      .filter(([, target]) => isMemberReference(target))
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

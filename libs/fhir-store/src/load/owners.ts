import type { PoolClient } from 'pg';
import { definitions, isCompartmentType } from '../definitions/definitions.js';
import { storedColumns } from './batch.js';
import { columnsOf, fromRuns, nameOf, runsByType, type Key } from './keys.js';
import { removeMemberReferences } from './member-references.js';

interface Ownership extends Key {
  wanted: string[];
  current: string[];
}

/**
 * The stored resources without a patient whose owners may be others when resources change: each one that
 * references a changed resource, directly or over others without a patient. So resources may come in any
 * order, and a Provenance follows its target.
 * @param changed the resources that a batch writes or deletes; their own references are not stored yet
 */
export async function ownerFollowers(client: PoolClient, changed: readonly Key[]): Promise<Key[]> {
  const targets = changed.filter(({ type }) => isCompartmentType(type));
  if (targets.length === 0) return [];
  const { rows } = await client.query<Key>({
    name: 'load-followers',
    text: `
      WITH RECURSIVE follower (type, id) AS (
        SELECT r.type, r.id FROM ${fromRuns('owner_reference', 'target_type', 'target_id')}
        UNION
        SELECT o.type, o.id FROM follower f
        JOIN owner_reference o ON o.target_type = f.type AND o.target_id = f.id)
      SELECT type, id FROM follower`,
    values: runsByType(targets.map(nameOf)),
  });
  return rows;
}

/** A resource of a batch; deleted by it when `row` is undefined. */
interface Changed extends Key {
  row?: object & { patients?: readonly string[] | undefined };
}

/**
 * The owners of resources without a patient whose references lead to resources with a patient, or to none,
 * directly or over others of the batch. A resource that refers to a stored one without a patient is not in
 * the result.
 * @param changed all resources of the batch
 * @param derived the ones without a patient
 */
export async function directOwners<Derived extends Key & { row: { ownerReferences: readonly string[] } }>(
  client: PoolClient,
  changed: readonly Changed[],
  derived: readonly Derived[],
): Promise<Map<Derived, string[]>> {
  const found = new Map<Derived, string[]>();
  if (derived.length === 0) return found;
  const ownersOf = new Map<string, readonly string[] | undefined>(
    changed.map((change) => [nameOf(change), change.row ? change.row.patients : []]),
  );
  const targets = derived.flatMap(({ row }) => row.ownerReferences);
  await addStoredOwners(
    client,
    [...new Set(targets)].filter((target) => !ownersOf.has(target)),
    ownersOf,
  );
  // A resource without a patient may refer to another one of the batch: a Provenance to a Device.
  let left = derived;
  for (let pass = 0; pass < maxPasses && left.length > 0; pass++) {
    const unknown = left.filter((one) => {
      const owners = one.row.ownerReferences.map((target) => ownersOf.get(target));
      if (!owners.every((list) => list !== undefined)) return true;
      const own = [...new Set(owners.flat())];
      found.set(one, own);
      ownersOf.set(nameOf(one), own);
      return false;
    });
    if (unknown.length === left.length) break;
    left = unknown;
  }
  return found;
}

/** The database follows longer chains, and circles. */
const maxPasses = 8;

/** @param ownersOf gains the owners of the targets; undefined where a target has no patient itself */
async function addStoredOwners(
  client: PoolClient,
  targets: readonly string[],
  ownersOf: Map<string, readonly string[] | undefined>,
): Promise<void> {
  for (const target of targets) ownersOf.set(target, []);
  if (targets.length === 0) return;
  const { rows } = await client.query<Key & { patient: string | null }>({
    name: 'load-target-owners',
    text: `SELECT r.type, r.id, r.patient FROM ${fromRuns('member_resource')}
           UNION ALL SELECT r.type, r.id, NULL FROM ${fromRuns('owner_reference')}`,
    values: runsByType(targets),
  });
  for (const row of rows) {
    const known = ownersOf.get(nameOf(row));
    ownersOf.set(nameOf(row), row.patient === null || !known ? undefined : [...known, row.patient]);
  }
}

/** Assigns each resource to its owners: those of the resources with a patient that its references lead to. */
export async function assignOwners(client: PoolClient, keys: readonly Key[]): Promise<void> {
  if (keys.length === 0) return;
  const { rows } = await client.query<Ownership>({
    name: 'load-owners',
    text: `
      SELECT k.type, k.id,
        ARRAY(WITH RECURSIVE followed (type, id) AS (
                SELECT o.target_type, o.target_id FROM owner_reference o WHERE o.type = k.type AND o.id = k.id
                UNION
                SELECT o.target_type, o.target_id FROM followed f
                JOIN owner_reference o ON o.type = f.type AND o.id = f.id)
              SELECT DISTINCT m.patient FROM followed f JOIN member_resource m USING (type, id)
              WHERE NOT EXISTS (SELECT FROM owner_reference o WHERE o.type = f.type AND o.id = f.id)) AS wanted,
        ARRAY(SELECT m.patient FROM member_resource m WHERE m.type = k.type AND m.id = k.id) AS current
      FROM (SELECT DISTINCT * FROM unnest($1::text[], $2::text[]) AS given (type, id)) k`,
    values: [keys.map(({ type }) => type), keys.map(({ id }) => id)],
  });
  const pairs = (of: (row: Ownership) => readonly string[]) =>
    rows.flatMap((row) => of(row).map((patient) => ({ type: row.type, id: row.id, patient })));
  const gained = pairs(({ wanted, current }) => wanted.filter((patient) => !current.includes(patient)));
  const lost = pairs(({ wanted, current }) => current.filter((patient) => !wanted.includes(patient)));
  await give(client, gained);
  await setAside(
    client,
    rows.filter(({ wanted, current }) => wanted.length === 0 && current.length > 0),
  );
  await take(client, lost);
}

type Owned = Key & { patient: string };
const columns = storedColumns.join(', ');
const qualified = (alias: string) => columns.replace(/\w+/g, (column) => `${alias}.${column}`);
const referenced = definitions.referencedTypes.map((type) => `'${type}'`).join(', ');

async function give(client: PoolClient, gained: readonly Owned[]): Promise<void> {
  if (gained.length === 0) return;
  const values = [...columnsOf(gained), gained.map(({ patient }) => patient)];
  await client.query({
    name: 'load-give',
    text: `
      INSERT INTO member_resource (patient, ${columns})
      SELECT given.patient, ${qualified('source')}
      FROM unnest($1::text[], $2::text[], $3::text[]) AS given (type, id, patient)
      CROSS JOIN LATERAL (
        SELECT ${qualified('w')} FROM waiting_resource w WHERE w.type = given.type AND w.id = given.id
        UNION ALL
        SELECT ${qualified('m')} FROM member_resource m WHERE m.type = given.type AND m.id = given.id
        LIMIT 1) AS source`,
    values,
  });
  await client.query({
    name: 'load-give-pointers',
    text: `
      INSERT INTO member_reference (patient, target)
      SELECT DISTINCT m.patient, ref.target
      FROM unnest($1::text[], $2::text[], $3::text[]) AS given (type, id, patient)
      JOIN member_resource m USING (patient, type, id)
      CROSS JOIN unnest(m.refs) AS ref (target)
      WHERE split_part(ref.target, '/', 1) IN (${referenced})
      ON CONFLICT DO NOTHING`,
    values,
  });
  await client.query({
    name: 'load-no-longer-waiting',
    text: `DELETE FROM waiting_resource w USING unnest($1::text[], $2::text[]) AS given (type, id)
           WHERE w.type = given.type AND w.id = given.id`,
    values: columnsOf(gained),
  });
}

/** Moves the row of a resource without an owner to the waiting ones. */
async function setAside(client: PoolClient, keys: readonly Key[]): Promise<void> {
  if (keys.length === 0) return;
  await client.query(
    `INSERT INTO waiting_resource (${columns})
     SELECT DISTINCT ON (m.type, m.id) ${qualified('m')}
     FROM unnest($1::text[], $2::text[]) AS given (type, id) JOIN member_resource m USING (type, id)`,
    columnsOf(keys),
  );
}

async function take(client: PoolClient, lost: readonly Owned[]): Promise<void> {
  if (lost.length === 0) return;
  const { rows } = await client.query<{ patient: string; refs: string[] }>(
    `DELETE FROM member_resource m USING unnest($1::text[], $2::text[], $3::text[]) AS lost (type, id, patient)
     WHERE m.patient = lost.patient AND m.type = lost.type AND m.id = lost.id RETURNING m.patient, m.refs`,
    [...columnsOf(lost), lost.map(({ patient }) => patient)],
  );
  await removeMemberReferences(
    client,
    rows.flatMap(({ patient, refs }) => refs.map((target) => [patient, target] as const)),
  );
}

import type { PoolClient } from 'pg';
import { isCompartmentType } from '../definitions/definitions.js';
import type { BinaryRow, Row } from './batch.js';
import { columnsOf, fromRuns, keyOf, nameOf, runsByType, textArray, type Key } from './keys.js';
import { NeedsTurn } from './loader-lock.js';

/** Notes the resources whose labels each of these shares. @param written with targets, `Type/id` each */
export async function rememberLabelReferences(
  client: PoolClient,
  written: readonly (Key & { targets: readonly string[] })[],
): Promise<void> {
  const pairs = written.flatMap(({ type, id, targets }) =>
    targets.map((target) => ({ target: keyOf(target), key: { type, id } })),
  );
  if (pairs.length === 0) return;
  await client.query({
    name: 'load-label-references',
    text: `INSERT INTO label_reference (target_type, target_id, type, id)
           SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) ON CONFLICT DO NOTHING`,
    values: [...columnsOf(pairs.map(({ target }) => target)), ...columnsOf(pairs.map(({ key }) => key))].map(
      textArray,
    ),
  });
}

/**
 * The references along which labels go, from and to a key, in SQL.
 * @param where over the columns of a table
 */
const edges = (where: string): string =>
  ['label_reference', 'owner_reference']
    .map((table) => `SELECT e.target_type, e.target_id, e.type, e.id FROM ${table} e WHERE ${where}`)
    .join(' UNION ALL ');

const from = (key: string) => edges(`e.type = ${key}.type AND e.id = ${key}.id`);
const to = (key: string) => edges(`e.target_type = ${key}.type AND e.target_id = ${key}.id`);

/**
 * Whether other resources follow the labels of a key, in SQL. The key then keeps its labels in a row or in
 * the mark of a deleted resource: the others would have labels that no target has, and a resource with this
 * key would count as new.
 */
export const isFollowed = (key: string): string => `EXISTS (${to(key)})`;

const labelsOfTarget = ['member_resource', 'shared_resource', 'waiting_resource', 'deleted_resource']
  .map((table) => `SELECT t.labels FROM ${table} t WHERE t.type = f.type AND t.id = f.id`)
  .join(' UNION ALL ');

/** The labels that a key follows, in SQL; NULL when there are none. */
const followedLabels = (key: string) => `
  (WITH RECURSIVE followed (type, id) AS (
     SELECT e.target_type, e.target_id FROM (${from(key)}) e
     UNION
     SELECT e.target_type, e.target_id FROM followed f CROSS JOIN LATERAL (${from('f')}) e)
   SELECT array_agg(DISTINCT l.label COLLATE "C" ORDER BY l.label COLLATE "C")
   FROM followed f
   CROSS JOIN LATERAL (${labelsOfTarget}) AS target
   CROSS JOIN unnest(target.labels) AS l (label))`;

/** A resource that a batch writes or deletes. */
interface Changed extends Key {
  wasThere: boolean;
  row?: Row | BinaryRow;
}

type New = Changed & { row: Row };

/**
 * Gives each resource the labels of the resources that it follows, directly or over others: a prescription is
 * as sensitive as the Medication it references, and a Provenance as its target. The resources may come in any
 * order, and in several loads. A stored resource has its labels already, so a new one can only add labels:
 * its own, and the labels of its targets. No label of a resource that was stored before is left with others,
 * because a mark stays of it ({@link isFollowed}).
 * @param changed the resources that the batch wrote or deleted
 * @param assigned the stored resources that the batch gave to other owners
 * @throws NeedsTurn when a label may change, and other loaders store resources at the same time
 */
export async function followLabels(
  client: PoolClient,
  changed: readonly Changed[],
  assigned: readonly Key[],
  isAlone: boolean,
): Promise<void> {
  const old = changed.filter(({ wasThere }) => wasThere);
  const added = changed.filter(isNew);
  // Another loader may store or label the target at the same time.
  if (!isAlone && added.some(({ row }) => row.labelReferences.length > 0)) throw new NeedsTurn();
  const labelled = added.filter(({ row }) => row.isLabelled);
  const gaining = [...assigned, ...(await referringToLabelled(client, changed, added))];
  if (old.length + labelled.length + gaining.length === 0) return;
  const { rows } = await client.query<Key>({
    name: 'load-label-followers',
    text: `
      WITH RECURSIVE old (type, id) AS (SELECT * FROM unnest($1::text[], $2::text[])),
        source (type, id) AS (TABLE old UNION ALL SELECT * FROM unnest($3::text[], $4::text[])),
        follower (type, id) AS (
          SELECT c.type, c.id FROM old c WHERE EXISTS (${from('c')})
          UNION
          SELECT * FROM unnest($5::text[], $6::text[])
          UNION
          SELECT e.type, e.id FROM source s CROSS JOIN LATERAL (${to('s')}) e
          UNION
          SELECT e.type, e.id FROM follower f CROSS JOIN LATERAL (${to('f')}) e)
      SELECT type, id FROM follower`,
    values: [...columnsOf(old), ...columnsOf(labelled), ...columnsOf(gaining)].map(textArray),
  });
  if (rows.length === 0) return;
  if (!isAlone) throw new NeedsTurn();
  await renewLabels(client, rows);
}

const isNew = (change: Changed): change is New =>
  !change.wasThere && change.row !== undefined && !('binary' in change.row);

/**
 * The new resources with a stored target that has labels. Targets of the same batch are left out: their
 * followers are found from them.
 */
async function referringToLabelled(
  client: PoolClient,
  changed: readonly Key[],
  added: readonly New[],
): Promise<New[]> {
  const ofBatch = new Set(changed.map(nameOf));
  const targetsOf = ({ row }: New) =>
    [...row.labelReferences, ...row.ownerReferences].filter((target) => !ofBatch.has(target));
  const targets = new Set(added.flatMap(targetsOf));
  if (targets.size === 0) return [];
  const { rows } = await client.query<Key>({
    name: 'load-labelled-targets',
    text: ['member_resource', 'shared_resource']
      .map(
        (table) =>
          `SELECT r.type, r.id FROM ${fromRuns(table)} WHERE r.labels IS NOT NULL OR r.followed_labels IS NOT NULL`,
      )
      .concat(
        // A resource that waits has no note of the labels that it follows.
        `SELECT r.type, r.id FROM ${fromRuns('waiting_resource')}`,
        `SELECT r.type, r.id FROM ${fromRuns('deleted_resource')} WHERE r.labels IS NOT NULL`,
      )
      .join(' UNION ALL '),
    values: runsByType([...targets]),
  });
  const labelled = new Set(rows.map(nameOf));
  return labelled.size === 0
    ? []
    : added.filter((one) => targetsOf(one).some((target) => labelled.has(target)));
}

/**
 * The labels that resources without an owner follow. Their rows have no note of them.
 * @param keys of any resources
 * @returns by `Type/id`
 */
export async function labelsOfWaiting(
  client: PoolClient,
  keys: readonly Key[],
): Promise<Map<string, string[]>> {
  const { rows } = await client.query<Key & { labels: string[] }>({
    name: 'load-labels-of-waiting',
    text: `
      SELECT found.type, found.id, found.labels
      FROM (SELECT w.type, w.id, ${followedLabels('w')} AS labels
            FROM unnest($1::text[], $2::text[]) AS k (type, id) JOIN waiting_resource w USING (type, id)) found
      WHERE found.labels IS NOT NULL`,
    values: columnsOf(keys),
  });
  return new Map(rows.map((row) => [nameOf(row), row.labels]));
}

/**
 * Gives each of these resources the labels that it follows.
 * @returns the resources whose labels were others
 */
export async function renewLabels(client: PoolClient, keys: readonly Key[]): Promise<Key[]> {
  const ofMembers = await setLabels(client, 'member_resource', keys);
  const shared = keys.filter(({ type }) => !isCompartmentType(type));
  return shared.length > 0
    ? [...ofMembers, ...(await setLabels(client, 'shared_resource', shared))]
    : ofMembers;
}

/** A target that waits or was deleted keeps its labels: a resource that refers to it still reveals them. */
async function setLabels(client: PoolClient, table: string, keys: readonly Key[]): Promise<Key[]> {
  const { rows } = await client.query<Key>({
    name: `load-follow-labels-${table}`,
    text: `
      UPDATE ${table} r SET followed_labels = found.labels
      FROM (
        SELECT k.type, k.id, ${followedLabels('k')} AS labels
        FROM unnest($1::text[], $2::text[]) AS k (type, id)) AS found
      WHERE r.type = found.type AND r.id = found.id AND r.followed_labels IS DISTINCT FROM found.labels
      RETURNING r.type, r.id`,
    values: columnsOf(keys),
  });
  return rows;
}

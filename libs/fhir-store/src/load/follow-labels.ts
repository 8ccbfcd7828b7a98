import type { PoolClient } from 'pg';
import { isCompartmentType } from '../definitions/definitions.js';
import { NeedsTurn } from './loader-lock.js';

interface Key {
  type: string;
  id: string;
}

const columnsOf = (keys: readonly Key[]) => [keys.map(({ type }) => type), keys.map(({ id }) => id)];

/** Notes the resources whose labels each of these shares. @param written with targets, `Type/id` each */
export async function rememberLabelReferences(
  client: PoolClient,
  written: readonly (Key & { targets: readonly string[] })[],
): Promise<void> {
  const pairs = written.flatMap(({ type, id, targets }) =>
    targets.map((target) => [...target.split('/'), type, id] as [string, string, string, string]),
  );
  if (pairs.length === 0) return;
  await client.query({
    name: 'load-label-references',
    text: `INSERT INTO label_reference (target_type, target_id, type, id)
           SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) ON CONFLICT DO NOTHING`,
    values: [0, 1, 2, 3].map((column) => pairs.map((pair) => pair[column])),
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

const labelsOfTarget = ['member_resource', 'shared_resource', 'waiting_resource', 'deleted_resource']
  .map((table) => `SELECT t.labels FROM ${table} t WHERE t.type = f.type AND t.id = f.id`)
  .join(' UNION ALL ');

/**
 * Gives each resource the labels of the resources that it follows, directly or over others: a prescription is
 * as sensitive as the Medication it references, and a Provenance as its target. The resources may come in any
 * order, and in several loads.
 * @param changed the resources that the batch wrote or deleted
 * @throws NeedsTurn when a label may change, and other loaders store resources at the same time
 */
export async function followLabels(
  client: PoolClient,
  changed: readonly Key[],
  isAlone: boolean,
): Promise<void> {
  if (changed.length === 0) return;
  const { rows } = await client.query<Key>({
    name: 'load-label-followers',
    text: `
      WITH RECURSIVE changed (type, id) AS (SELECT * FROM unnest($1::text[], $2::text[])),
        follower (type, id) AS (
          SELECT c.type, c.id FROM changed c WHERE EXISTS (${from('c')})
          UNION
          SELECT e.type, e.id FROM changed c CROSS JOIN LATERAL (${to('c')}) e
          UNION
          SELECT e.type, e.id FROM follower f CROSS JOIN LATERAL (${to('f')}) e)
      SELECT type, id FROM follower`,
    values: columnsOf(changed),
  });
  if (rows.length === 0) return;
  if (!isAlone) throw new NeedsTurn();
  await renewLabels(client, rows);
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
        SELECT k.type, k.id,
          (WITH RECURSIVE followed (type, id) AS (
             SELECT e.target_type, e.target_id FROM (${from('k')}) e
             UNION
             SELECT e.target_type, e.target_id FROM followed f CROSS JOIN LATERAL (${from('f')}) e)
           SELECT array_agg(DISTINCT l.label COLLATE "C" ORDER BY l.label COLLATE "C")
           FROM followed f
           CROSS JOIN LATERAL (${labelsOfTarget}) AS target
           CROSS JOIN unnest(target.labels) AS l (label)) AS labels
        FROM unnest($1::text[], $2::text[]) AS k (type, id)) AS found
      WHERE r.type = found.type AND r.id = found.id AND r.followed_labels IS DISTINCT FROM found.labels
      RETURNING r.type, r.id`,
    values: columnsOf(keys),
  });
  return rows;
}

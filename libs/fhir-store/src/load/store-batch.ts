import type { PoolClient } from 'pg';
import type { Batch, BinaryRow, Row, RowBytes, Unresolved } from './batch.js';
import { binaryType } from '../definitions/definitions.js';
import { followLabels, labelsOfWaiting, rememberLabelReferences } from './follow-labels.js';
import { keepVersions } from './keep-versions.js';
import { columnsOf, fromRuns, keyOf, nameOf, runsByType, textArray, type Key } from './keys.js';
import { assignOwners, directOwners, ownerFollowers } from './owners.js';
import { rememberUnnamed } from './unnamed.js';
import { removeMemberReferences, addMemberReferences, type MemberReferences } from './member-references.js';
import { NeedsTurn, Turns } from './loader-lock.js';
import { keepUnresolved, ofFormerOwners, stillWaiting, type WaitedSince } from './unresolved-resources.js';
import { deleteBinaries, writeBinaries } from './write-binaries.js';
import { writeMemberRows, writeSharedRows, writeWaitingRows } from './write-rows.js';

/** What a batch changed, by resource type. */
export interface Stored {
  created: Record<string, number>;
  updated: Record<string, number>;
  deleted: Record<string, number>;
  unchanged: number;
  /** Resources that wait for the target of a conditional reference. */
  unresolved: number;
}

/** A resource to be written. */
export interface Change extends Key {
  wasThere: boolean;
  version: number;
  /** Undefined when the resource is to be deleted. */
  row?: Row | BinaryRow;
}

/** The state of a resource: at first before the batch, in the end after it. */
interface State extends Change {
  /** The hash of the stored resource; undefined when none is stored. */
  sha256: string | undefined;
  isChanged: boolean;
}

/**
 * Stores a batch in one transaction. Batches of several loaders are stored at once while they only bring new
 * resources that belong to no member. Every other batch is stored alone.
 */
export async function storeBatch(
  client: PoolClient,
  batch: Batch,
  { turns = new Turns(), keepsVersions = false, waitedSince }: StoreOptions = {},
): Promise<Stored> {
  if (batch.changes.length === 0) return nothingStored();
  return turns.take(client, async (isAlone) => {
    const { rows } = batch;
    const changes = waitedSince ? await stillWaiting(client, batch.changes, waitedSince) : batch.changes;
    return storeIn(client, { changes, rows }, { isAlone, keepsVersions });
  });
}

export interface StoreOptions {
  turns?: Turns;
  /** Whether a replaced or deleted version stays readable as an earlier one. */
  keepsVersions?: boolean;
  /** Of a batch of resources that waited. */
  waitedSince?: WaitedSince;
}

interface WriteOptions {
  /** Whether no other batch is stored at once. */
  isAlone?: boolean;
  keepsVersions?: boolean;
}

const nothingStored = (): Stored => ({ created: {}, updated: {}, deleted: {}, unchanged: 0, unresolved: 0 });

/** @throws NeedsTurn when the batch has to be stored alone */
async function storeIn(
  client: PoolClient,
  { changes, rows }: Pick<Batch, 'changes' | 'rows'>,
  options: Required<WriteOptions>,
): Promise<Stored> {
  const stored = nothingStored();
  const states = await currentStates(client, changes);
  const unresolved = new Map<string, Unresolved>();
  for (const change of changes) {
    const state = states.get(nameOf(change)) as State;
    if ('unresolved' in change) {
      unresolved.set(nameOf(change), change);
      continue;
    }
    unresolved.delete(nameOf(change));
    const before = state.sha256;
    const after = change.isDeleted ? undefined : change.sha256;
    if (before === after) {
      stored.unchanged += 1;
      continue;
    }
    count(
      before === undefined ? stored.created : after === undefined ? stored.deleted : stored.updated,
      change.type,
    );
    state.isChanged = true;
    state.sha256 = after;
    if (!change.isDeleted) {
      state.version += 1;
      state.row = change;
    } else state.row = undefined;
  }
  for (const one of await ofFormerOwners(client, [...unresolved.values()], ownersOf(states.values()))) {
    const state = states.get(nameOf(one)) as State;
    state.row = undefined;
    state.sha256 = undefined;
    state.isChanged = true;
    count(stored.deleted, one.type);
  }
  const changed = [...states.values()].filter(({ isChanged }) => isChanged);
  if (!options.isAlone && (unresolved.size > 0 || !changed.every(isNewOfItself))) throw new NeedsTurn();
  if (changed.length > 0) await write(client, changed, rows, options);
  await keepUnresolved(client, changes, [...unresolved.values()]);
  stored.unresolved = unresolved.size;
  return stored;
}

/** The patients of the rows that a batch writes, by `Type/id`. */
const ownersOf = (states: Iterable<State>) =>
  new Map(
    [...states].flatMap((state) =>
      state.row && 'patients' in state.row ? [[nameOf(state), state.row.patients] as const] : [],
    ),
  );

/**
 * Whether a resource is new and belongs to no member. Its primary key then keeps two loaders from storing it
 * twice. A member's resource has the member in its key: two loaders could give it to two members.
 */
const isNewOfItself = ({ wasThere, row }: Change): boolean =>
  !wasThere && row !== undefined && ('binary' in row || row.patients?.length === 0);

/**
 * Returns when all batches are on the disk: the log is written in order, so the last commit includes the
 * others. Until then a crash of the database may undo the latest batches as a whole, and the loader fails.
 */
export async function durable(client: PoolClient): Promise<void> {
  await client.query(`SELECT pg_logical_emit_message(true, 'loader', 'done')`);
}

/** Below this number of changes, the shares of common values stay about the same. */
const manyChanges = 1000;

/** @param changes how many shared resources were written or deleted */
export async function refreshSharedIndexes(client: PoolClient, changes: number): Promise<void> {
  // New entries wait in a list that every search reads, until autovacuum cleans it: a minute later, or never.
  if (changes > 0) await client.query(`SELECT gin_clean_pending_list('shared_resource_keys')`);
  // The frequency of a value decides the route of a search, and the number of places whether `near` reads
  // them in the order of their distance; autovacuum would analyze a minute later.
  if (changes >= manyChanges) await client.query('ANALYZE shared_resource (type, keys, latitude)');
}

function count(counts: Record<string, number>, type: string): void {
  counts[type] = (counts[type] ?? 0) + 1;
}

async function currentStates(client: PoolClient, changes: readonly Key[]): Promise<Map<string, State>> {
  const states = new Map<string, State>();
  for (const { type, id } of changes)
    states.set(nameOf({ type, id }), {
      type,
      id,
      wasThere: false,
      version: 0,
      sha256: undefined,
      isChanged: false,
    });
  const { rows } = await client.query<Key & { version: number; body_sha256: string | null }>({
    name: 'load-current',
    text: ['shared_resource', 'member_resource', 'waiting_resource', 'deleted_resource']
      .map(
        (table) =>
          `SELECT r.type, r.id, r.version, ${table === 'deleted_resource' ? 'NULL' : 'r.body_sha256'} AS body_sha256
           FROM ${fromRuns(table)}`,
      )
      .concat(`SELECT '${binaryType}', id, version, sha256 FROM binary_resource WHERE id = ANY($5::text[])`)
      .join(' UNION ALL '),
    values: [...runsByType([...states.keys()]), binaryIds(changes)],
  });
  for (const row of rows) {
    const state = states.get(nameOf(row)) as State;
    const sha256 = row.body_sha256 ?? undefined;
    // Rows of one resource for several members are alike. Rows that differ are all written anew.
    state.sha256 = state.wasThere && state.sha256 !== sha256 ? 'rows differ' : sha256;
    state.wasThere = true;
    state.version = Math.max(state.version, row.version);
  }
  return states;
}

const binaryIds = (keys: readonly Key[]) =>
  keys.filter(({ type }) => type === binaryType).map(({ id }) => id);

/**
 * Writes and deletes resources, with all that depends on them.
 * @param rows the bytes that the changes' ranges are in
 * @throws NeedsTurn when stored resources follow the changed ones, and other batches are stored at once
 */
export async function write(
  client: PoolClient,
  changed: readonly Change[],
  rows: RowBytes,
  { isAlone = true, keepsVersions = false }: WriteOptions = {},
): Promise<void> {
  const references: MemberReferences = new Map();
  const old = changed.filter(({ wasThere }) => wasThere);
  const deleted = changed.filter(({ row }) => row === undefined);
  // Before their references are removed.
  const followed = deleted.length > 0 ? await labelsOfWaiting(client, deleted) : undefined;
  if (keepsVersions)
    await keepVersions(
      client,
      old.map(({ type, id, version, row }) => ({ type, id, version, isDeleted: row === undefined })),
    );
  const { owned, others } = await remove(client, old);
  if (followed) await rememberDeleted(client, deleted, owned, others, followed);
  const written = changed.filter(isResource);
  const derived = written.filter(({ row }) => row.patients === undefined);
  // Before the references of the batch are stored: its own resources are no followers.
  const followers = await ownerFollowers(client, changed);
  // Another loader may assign the same follower.
  if (!isAlone && derived.length + followers.length > 0) throw new NeedsTurn();
  const direct = await directOwners(client, changed, derived);
  const owners = (change: Change & { row: Row }) => change.row.patients ?? direct.get(change) ?? [];
  const isOfMember = ({ row }: { row: Row }) => row.patients?.length !== 0;
  const ofMembers = written.filter(isOfMember).map((change) => ({ ...change, patients: owners(change) }));
  await writeMemberRows(client, ofMembers, rows);
  const shared = written.filter((change) => !isOfMember(change));
  await writeSharedRows(client, shared, rows);
  await writeWaitingRows(
    client,
    derived.filter((change) => owners(change).length === 0),
    rows,
  );
  await writeBinaries(client, changed.filter(isBinary), rows);
  if (derived.length > 0) await rememberOwnerReferences(client, derived);
  await rememberLabelReferences(
    client,
    written.map(({ type, id, row }) => ({ type, id, targets: row.labelReferences })),
  );
  await rememberUnnamed(
    client,
    written.map(({ type, id, row }) => ({ type, id, targets: row.unnamed })),
  );
  for (const { row, patients } of ofMembers)
    for (const patient of patients)
      for (const target of row.pointsTo) references.set(`${patient} ${target}`, [patient, target]);
  await addMemberReferences(client, references);
  const assigned = [...derived.filter((change) => !direct.has(change)), ...followers];
  await assignOwners(client, assigned);
  await followLabels(client, changed, assigned, isAlone);
  await removeMemberReferences(
    client,
    owned
      .flatMap(({ patient, refs }) => refs.map((target) => [patient, target] as const))
      .filter(([patient, target]) => !references.has(`${patient} ${target}`)),
  );
}

const isResource = (change: Change): change is Change & { row: Row } =>
  change.row !== undefined && !('binary' in change.row);
const isBinary = (change: Change): change is Change & { row: BinaryRow } =>
  change.row !== undefined && 'binary' in change.row;

/** A deleted row. */
interface Removed extends Key {
  labels: string[] | null;
}

/** A deleted row of a patient. */
interface Owned extends Removed {
  patient: string;
  refs: string[];
}

/** Tables with type and id of a resource, beside those with the rows of resources. */
const tablesByKey = [
  'shared_string',
  'shared_reference',
  'deleted_resource',
  'owner_reference',
  'label_reference',
  'unnamed_reference',
];

/** Deletes the rows of resources. */
async function remove(
  client: PoolClient,
  old: readonly Key[],
): Promise<{ owned: Owned[]; others: Removed[] }> {
  if (old.length === 0) return { owned: [], others: [] };
  const keys = columnsOf(old);
  const from = (table: string) =>
    `DELETE FROM ${table} r USING unnest($1::text[], $2::text[]) AS old (type, id) WHERE r.type = old.type AND r.id = old.id`;
  const removed = 'r.type, r.id, r.labels || r.followed_labels AS labels';
  const { rows: owned } = await client.query<Owned>(
    `${from('member_resource')} RETURNING ${removed}, r.patient, r.refs`,
    keys,
  );
  const others: Removed[] = [];
  for (const table of ['shared_resource', 'waiting_resource'])
    others.push(...(await client.query<Removed>(`${from(table)} RETURNING ${removed}`, keys)).rows);
  for (const table of tablesByKey) await client.query(from(table), keys);
  await deleteBinaries(client, binaryIds(old));
  return { owned, others };
}

/**
 * Keeps version, owners and labels of deleted resources: their readers get 410.
 * @param followed the labels that the resources follow which waited, by `Type/id`
 */
async function rememberDeleted(
  client: PoolClient,
  deleted: readonly Change[],
  owned: readonly Owned[],
  others: readonly Removed[],
  followed: ReadonlyMap<string, readonly string[]>,
): Promise<void> {
  const patientsOf = new Map<string, string[]>();
  for (const row of owned) patientsOf.set(nameOf(row), [...(patientsOf.get(nameOf(row)) ?? []), row.patient]);
  const labelsOf = new Map<string, readonly string[] | null>(followed);
  for (const row of [...owned, ...others])
    if (row.labels) labelsOf.set(nameOf(row), [...row.labels, ...(followed.get(nameOf(row)) ?? [])]);
  const rows = deleted.map(({ type, id, version }) => ({
    type,
    id,
    version,
    patients: patientsOf.get(nameOf({ type, id })) ?? [],
    labels: labelsOf.get(nameOf({ type, id })) ?? null,
  }));
  await client.query(
    `INSERT INTO deleted_resource (type, id, version, patients, labels)
     SELECT * FROM jsonb_to_recordset($1) AS d (type text, id text, version int, patients text[], labels text[])`,
    [JSON.stringify(rows)],
  );
}

async function rememberOwnerReferences(
  client: PoolClient,
  derived: readonly (Change & { row: Row })[],
): Promise<void> {
  const pairs = derived.flatMap(({ type, id, row }) =>
    row.ownerReferences.map((target) => ({ target: keyOf(target), key: { type, id } })),
  );
  await client.query(
    `INSERT INTO owner_reference (target_type, target_id, type, id)
     SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) ON CONFLICT DO NOTHING`,
    [...columnsOf(pairs.map(({ target }) => target)), ...columnsOf(pairs.map(({ key }) => key))].map(
      textArray,
    ),
  );
}

import { isDeepStrictEqual } from 'node:util';
import type { Pool, PoolClient } from 'pg';
import { isCompartmentType } from '../definitions/definitions.js';
import { containedJson, indexColumns, storable } from '../index/columns.js';
import type { IndexValues } from '../index/row.js';
import { sharedStrings } from '../index/shared-strings.js';
import { renewLabels } from './follow-labels.js';
import { recordRules } from './index-rules.js';
import { unnamedOf } from './claim-parties.js';
import { sharedChanges } from './load.js';
import { ownerReferences, prepare, type Prepared } from './prepare.js';
import { Rows, sharedReferences } from './rows.js';
import { columnsOf, type Key } from './keys.js';
import { durable, refreshSharedIndexes, write, type Change } from './store-batch.js';
import { inTurn } from './loader-lock.js';

type Json = Record<string, unknown>;

export interface ReindexReport {
  read: number;
  /** Resources whose index values, owners or followed labels were written anew, by type. */
  byType: Record<string, number>;
  /** Resources that a load would refuse today; they stay as they are. */
  refused: number;
}

export interface ReindexOptions {
  pool: Pool;
  /** FHIR base URL of the environment: its absolute references are local. */
  baseUrl: string;
  /** Types whose resources are indexed again; all when absent. */
  types?: readonly string[];
  onRefused(resource: string, reason: string): void;
  /** Called after each transaction. */
  onProgress?(progress: ReindexReport & { total: number }): void;
}

/** A resource as it is stored. */
interface Stored extends Key {
  version: number;
  body: string;
  body_sha256: string;
  /** Owners: none for a shared resource, and for one that waits. */
  patients: string[];
  owner_references: string[];
  /** The resources whose labels it shares. */
  label_references: string[];
  /** Rows of `shared_string`, as `parameter folded`. */
  shared_strings: string[];
  /** Keys of its rows in `shared_reference`. */
  shared_references: string[];
  [column: string]: unknown;
}

const pageSize = 500;

/**
 * Extracts the index values of every stored resource again, and writes the resources whose values, owners or
 * followed labels differ. A release that extracts otherwise needs it. Version, time of the last update and
 * JSON stay. A page of resources is one transaction, and takes turns with loaders. Pages go by type and id,
 * which no load changes, so no resource is skipped. It can be stopped and run again. At the end it records
 * the rules by which the resources are indexed now.
 */
export async function reindex({
  pool,
  baseUrl,
  types,
  onRefused,
  onProgress,
}: ReindexOptions): Promise<ReindexReport> {
  const report: ReindexReport = { read: 0, byType: {}, refused: 0 };
  const client = await pool.connect();
  const ignore = () => undefined;
  client.on('error', ignore);
  try {
    const total = await countOf(client, types);
    let last: Key | undefined = { type: '', id: '' };
    while (last) {
      const after: Key = last;
      const { keys, changed, refused } = await inTurn(client, () =>
        reindexPage(client, after, baseUrl, types),
      );
      for (const { resource, reason } of refused) onRefused(resource, reason);
      for (const { type } of changed) report.byType[type] = (report.byType[type] ?? 0) + 1;
      report.read += keys.length;
      report.refused += refused.length;
      onProgress?.({ ...report, total });
      last = keys.at(-1);
    }
    // The types that were left out are indexed by the same rules already: the caller chose the changed ones.
    await recordRules(client);
    await durable(client);
    await refreshSharedIndexes(client, sharedChanges(report.byType));
  } finally {
    client.off('error', ignore);
    client.release();
  }
  return report;
}

interface Page {
  keys: Key[];
  changed: Key[];
  refused: { resource: string; reason: string }[];
}

async function reindexPage(
  client: PoolClient,
  after: Key,
  baseUrl: string,
  types: readonly string[] | undefined,
): Promise<Page> {
  const page: Page = { keys: await keysAfter(client, after, types), changed: [], refused: [] };
  const stored = await storedResources(client, page.keys);
  const written: Change[] = [];
  const rows = new Rows(stored.reduce((sum, { body }) => sum + body.length, 0));
  for (const one of stored) {
    const { type, id, version, body, body_sha256: sha256 } = one;
    const prepared = prepare(body, JSON.parse(body) as Json, baseUrl);
    if ('reason' in prepared) page.refused.push({ resource: `${type}/${id}`, reason: prepared.reason });
    else if (!isCurrent(one, prepared)) {
      const unnamed = unnamedOf(type, body, baseUrl);
      const row = rows.add({ ...prepared, sha256, unnamed }, '');
      written.push({ type, id, version, wasThere: true, row });
    }
  }
  if (written.length > 0) await write(client, written, rows.bytes());
  // A loader of an earlier version may have stored a row without the labels that it follows.
  page.changed = distinct([...written, ...(await renewLabels(client, page.keys))]);
  return page;
}

const distinct = (keys: readonly Key[]): Key[] => [
  ...new Map(keys.map((key) => [`${key.type}/${key.id}`, key])).values(),
];

const tables = ['shared_resource', 'member_resource', 'waiting_resource'];

async function countOf(client: PoolClient, types: readonly string[] | undefined): Promise<number> {
  const counts = tables
    .map((table) => `(SELECT count(*) FROM ${table} WHERE $1::text[] IS NULL OR type = ANY ($1))`)
    .join(' + ');
  const { rows } = await client.query<{ total: string }>(`SELECT ${counts} AS total`, [types ?? null]);
  return Number(rows[0]?.total);
}

async function keysAfter(
  client: PoolClient,
  { type, id }: Key,
  types: readonly string[] | undefined,
): Promise<Key[]> {
  const next = tables.map(
    (table) =>
      `(SELECT DISTINCT type, id FROM ${table} WHERE (type, id) > ($1, $2) AND ($3::text[] IS NULL OR type = ANY ($3))
        ORDER BY type, id LIMIT ${pageSize})`,
  );
  const { rows } = await client.query<Key>({
    name: 'reindex-keys',
    text: `SELECT type, id FROM (${next.join(' UNION ')}) AS next ORDER BY type, id LIMIT ${pageSize}`,
    values: [type, id, types ?? null],
  });
  return rows;
}

async function storedResources(client: PoolClient, keys: readonly Key[]): Promise<Stored[]> {
  const wanted = ['version', 'body', 'body_sha256', ...indexColumns.map(({ column }) => column)].join(', ');
  const { rows } = await client.query<Stored>({
    name: 'reindex-stored',
    text: `
      SELECT k.type, k.id, r.*,
        ARRAY(SELECT m.patient FROM member_resource m WHERE m.type = k.type AND m.id = k.id) AS patients,
        ARRAY(SELECT o.target_type || '/' || o.target_id FROM owner_reference o
              WHERE o.type = k.type AND o.id = k.id) AS owner_references,
        ARRAY(SELECT l.target_type || '/' || l.target_id FROM label_reference l
              WHERE l.type = k.type AND l.id = k.id) AS label_references,
        ARRAY(SELECT s.param || ' ' || s.folded FROM shared_string s
              WHERE s.type = k.type AND s.id = k.id) AS shared_strings,
        ARRAY(SELECT s.key::text FROM shared_reference s
              WHERE s.type = k.type AND s.id = k.id) AS shared_references
      FROM unnest($1::text[], $2::text[]) AS k (type, id)
      CROSS JOIN LATERAL (
        ${tables
          .map((table) => `(SELECT ${wanted} FROM ${table} s WHERE s.type = k.type AND s.id = k.id LIMIT 1)`)
          .join(' UNION ALL ')}) AS r`,
    values: columnsOf(keys),
  });
  return rows;
}

function isCurrent(stored: Stored, { type, values, patients, labelReferences }: Prepared): boolean {
  const isOwned =
    patients === undefined
      ? isSame(stored.owner_references.sort(), ownerReferences(type, values).sort())
      : stored.owner_references.length === 0 && isSame(stored.patients.sort(), patients.sort());
  return (
    isOwned &&
    isSame(stored.label_references.sort(), [...labelReferences].sort()) &&
    areFound(stored, type, values) &&
    indexColumns.every(({ column, value, type: kind }) =>
      kind === 'jsonb'
        ? isDeepStrictEqual(stored[column], asStored(values.contained))
        : isSame(stored[column], values[value]),
    )
  );
}

/** Whether `shared_string` and `shared_reference` have the rows of the resource, and no others. */
function areFound({ shared_strings, shared_references }: Stored, type: string, values: IndexValues): boolean {
  const isShared = !isCompartmentType(type);
  const strings = isShared ? sharedStrings(type, values) : [];
  const references = isShared ? sharedReferences(values) : [];
  return (
    isSame(shared_strings.sort(), strings.map(({ parameter, folded }) => `${parameter} ${folded}`).sort()) &&
    isSame(shared_references.sort(), references.map(String).sort())
  );
}

/** The values of contained resources as the column `contained` gives them back. */
const asStored = (contained: IndexValues['contained']): unknown =>
  contained && JSON.parse(JSON.stringify(containedJson(contained)));

function isSame(stored: unknown, extracted: unknown): boolean {
  if (Array.isArray(stored) && Array.isArray(extracted))
    return stored.length === extracted.length && stored.every((value, i) => isSame(value, extracted[i]));
  return (
    String(stored) === String(extracted) || (typeof extracted === 'string' && stored === storable(extracted))
  );
}

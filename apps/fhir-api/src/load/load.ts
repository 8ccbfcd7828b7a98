import { pipeline } from 'node:stream/promises';
import { Readable } from 'node:stream';
import type { Pool, PoolClient } from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { copyNullable, copyNumberArray, copyText, copyTextArray } from './copy-text.js';
import { pointedAt, prepare, storedText, type Prepared } from './prepare.js';
import { itemsOf } from './sources.js';

export interface LoadReport {
  read: number;
  created: number;
  updated: number;
  unchanged: number;
  rejected: number;
  byType: Record<string, number>;
}

export interface LoadOptions {
  pool: Pool;
  /** FHIR base URL of the environment: its absolute references become local. */
  baseUrl: string;
  files: readonly string[];
  /** Told of each resource that cannot be stored, with its place. */
  onRejected(place: string, reason: string): void;
  /** Told from time to time. */
  onProgress?(report: LoadReport): void;
}

const batchResources = 1000;
const batchCharacters = 8_000_000;

/**
 * Loads resources. A batch, or a Bundle, is one transaction: readers see all of it or nothing. Loading the same again changes nothing.
 * A bad resource is reported and left out; the rest goes on.
 */
export async function load(options: LoadOptions): Promise<LoadReport> {
  const report: LoadReport = { read: 0, created: 0, updated: 0, unchanged: 0, rejected: 0, byType: {} };
  const reject = (place: string, reason: string) => {
    report.rejected += 1;
    options.onRejected(place, reason);
  };
  const client = await options.pool.connect();
  let batch: Prepared[] = [];
  let size = 0;
  // One batch is being stored while the next is being prepared.
  let storing: Promise<void> = Promise.resolve();
  const flush = async () => {
    await storing;
    options.onProgress?.(report);
    const full = batch;
    batch = [];
    size = 0;
    if (full.length === 0) return;
    storing = store(client, full, report, reject);
    // A failure is met at the next flush.
    storing.catch(() => undefined);
  };
  try {
    await client.query(staging);
    for (const file of options.files)
      for await (const item of itemsOf(file)) {
        if ('reason' in item) {
          report.read += 1;
          reject(item.place, item.reason);
          continue;
        }
        item.resources.forEach((resource, index) => {
          report.read += 1;
          const place = item.resources.length > 1 ? `${item.place} entry ${index}` : item.place;
          const prepared = prepare(place, resource, options.baseUrl);
          if (typeof prepared === 'string') reject(place, prepared);
          else {
            batch.push(prepared);
            size += prepared.template.length;
          }
        });
        if (batch.length >= batchResources || size >= batchCharacters) await flush();
      }
    await flush();
    await storing;
    options.onProgress?.(report);
  } finally {
    await storing.catch(() => undefined);
    await client.query('DROP TABLE IF EXISTS staging').catch(() => undefined);
    client.release();
  }
  return report;
}

const columns = `type, id, version, last_updated, body, body_sha256, tokens, keys, string_param, string_value, string_folded,
  date_param, date_low, date_high, number_param, number_low, number_high, number_unit, refs, latitude, longitude`;

const staging = `
  CREATE TEMPORARY TABLE IF NOT EXISTS staging (LIKE shared_resource);
  ALTER TABLE staging ADD COLUMN IF NOT EXISTS patient text;`;

const replace = columns
  .split(',')
  .map((column) => column.trim())
  .map((column) => `${column} = excluded.${column}`)
  .join(', ');

async function store(
  client: PoolClient,
  batch: readonly Prepared[],
  report: LoadReport,
  reject: (place: string, reason: string) => void,
): Promise<void> {
  await client.query('BEGIN');
  try {
    await findOwners(client, batch);
    // Of one that comes twice in a batch the last counts.
    const byKey = new Map<string, Prepared>();
    for (const prepared of batch) {
      if (prepared.patients === undefined)
        reject(
          prepared.place,
          `${prepared.type}/${prepared.id} belongs to no member: it refers to no Patient, and nothing it refers to has been loaded before it`,
        );
      else byKey.set(`${prepared.type}/${prepared.id}`, prepared);
    }
    const existing = await existingVersions(client, [...byKey.values()]);
    const changed = [...byKey].filter(([key, { sha256 }]) => existing.get(key)?.sha256 !== sha256);
    report.unchanged += byKey.size - changed.length;
    if (changed.length > 0) await write(client, changed, existing);
    await client.query('COMMIT');
    for (const [key, { type }] of changed) {
      if (existing.has(key)) report.updated += 1;
      else report.created += 1;
      report.byType[type] = (report.byType[type] ?? 0) + 1;
    }
  } catch (error) {
    await client.query('ROLLBACK');
    throw error;
  }
}

/** What names no patient itself, such as a Provenance, belongs to whom its targets belong to. */
async function findOwners(client: PoolClient, batch: readonly Prepared[]): Promise<void> {
  const orphans = batch.filter(({ patients }) => patients === undefined);
  if (orphans.length === 0) return;
  const owners = new Map<string, Set<string>>();
  const own = (key: string, patient: string) => owners.set(key, (owners.get(key) ?? new Set()).add(patient));
  for (const { type, id, patients } of batch)
    for (const patient of patients ?? []) own(`${type}/${id}`, patient);
  const references = [...new Set(orphans.flatMap(({ values }) => values.references))].filter(
    (key) => !owners.has(key),
  );
  const { rows } = await client.query<{ patient: string; type: string; id: string }>(
    `SELECT DISTINCT m.patient, m.type, m.id FROM member_resource m
     JOIN unnest($1::text[], $2::text[]) AS wanted (type, id) ON m.type = wanted.type AND m.id = wanted.id`,
    [references.map((key) => key.split('/')[0]), references.map((key) => key.split('/')[1])],
  );
  for (const { patient, type, id } of rows) own(`${type}/${id}`, patient);
  for (const orphan of orphans) {
    const found = new Set(orphan.values.references.flatMap((key) => [...(owners.get(key) ?? [])]));
    if (found.size > 0) orphan.patients = [...found];
  }
}

async function existingVersions(client: PoolClient, resources: readonly Prepared[]) {
  const [types, ids] = [resources.map(({ type }) => type), resources.map(({ id }) => id)];
  const { rows } = await client.query<{ type: string; id: string; version: number; body_sha256: string }>({
    name: 'load-existing',
    text: `SELECT r.type, r.id, r.version, r.body_sha256 FROM unnest($1::text[], $2::text[]) AS wanted (type, id)
           JOIN shared_resource r ON r.type = wanted.type AND r.id = wanted.id
           UNION
           SELECT r.type, r.id, r.version, r.body_sha256 FROM unnest($1::text[], $2::text[]) AS wanted (type, id)
           JOIN member_resource r ON r.type = wanted.type AND r.id = wanted.id`,
    values: [types, ids],
  });
  return new Map(
    rows.map((row) => [`${row.type}/${row.id}`, { version: row.version, sha256: row.body_sha256 }]),
  );
}

async function write(
  client: PoolClient,
  changed: readonly [string, Prepared][],
  existing: ReadonlyMap<string, { version: number }>,
): Promise<void> {
  const now = new Date().toISOString();
  const lines = function* () {
    for (const [key, prepared] of changed) {
      const version = (existing.get(key)?.version ?? 0) + 1;
      for (const patient of prepared.patients?.length ? prepared.patients : [null])
        yield copyLine(prepared, version, now, patient);
    }
  };
  await client.query('TRUNCATE staging');
  await pipeline(
    Readable.from(lines()),
    client.query(copyFrom(`COPY staging (${columns}, patient) FROM STDIN`)),
  );
  // Who no longer owns a resource no longer has it.
  if (existing.size > 0)
    await client.query(
      `DELETE FROM member_resource m USING (SELECT DISTINCT type, id FROM staging) s
       WHERE m.type = s.type AND m.id = s.id
         AND NOT EXISTS (SELECT 1 FROM staging k WHERE k.type = m.type AND k.id = m.id AND k.patient = m.patient)`,
    );
  await client.query(
    `INSERT INTO member_resource (patient, ${columns}) SELECT patient, ${columns} FROM staging WHERE patient IS NOT NULL
     ON CONFLICT (patient, type, id) DO UPDATE SET ${replace}`,
  );
  await client.query(
    `INSERT INTO shared_resource (${columns}) SELECT ${columns} FROM staging WHERE patient IS NULL
     ON CONFLICT (type, id) DO UPDATE SET ${replace}`,
  );
  const pointers = new Set<string>();
  for (const [, { patients, values }] of changed)
    for (const patient of patients ?? [])
      for (const target of pointedAt(values)) pointers.add(`${patient} ${target}`);
  const pairs = [...pointers].map((pair) => pair.split(' '));
  await client.query(
    'INSERT INTO member_reference (patient, target) SELECT * FROM unnest($1::text[], $2::text[]) ON CONFLICT DO NOTHING',
    [pairs.map(([patient]) => patient), pairs.map(([, target]) => target)],
  );
}

function copyLine(prepared: Prepared, version: number, now: string, patient: string | null): string {
  const { type, id, template, sha256, values } = prepared;
  const lastUpdated = prepared.lastUpdated ?? now;
  const fields = [
    type,
    id,
    version,
    new Date(lastUpdated).toISOString(),
    copyText(storedText(template, version, lastUpdated)),
    sha256,
    copyTextArray(values.tokens),
    copyNumberArray(values.keys),
    copyNumberArray(values.stringParam),
    copyTextArray(values.stringValue),
    copyTextArray(values.stringFolded),
    copyNumberArray(values.dateParam),
    copyNumberArray(values.dateLow),
    copyNumberArray(values.dateHigh),
    copyNumberArray(values.numberParam),
    copyNumberArray(values.numberLow),
    copyNumberArray(values.numberHigh),
    copyTextArray(values.numberUnit),
    copyTextArray(values.references),
    copyNullable(values.latitude),
    copyNullable(values.longitude),
    patient === null ? '\\N' : copyText(patient),
  ];
  return `${fields.join('\t')}\n`;
}

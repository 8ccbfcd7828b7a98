import type { Access } from '../access.js';
import { historyBundle, type HistoryEntry } from '../bundle/history-bundle.js';
import { isCompartmentType } from '../definitions/definitions.js';
import type { DateRange } from '../parameters/date-range.js';
import { run, type Database, type Text } from '../postgres/database.js';
import { Statement } from '../postgres/statement.js';
import type { ReadRow } from './combined-reads.js';
import { parseCount } from './count.js';
import { boundText, type Cursors } from './cursor.js';
import { Meter } from './meter.js';
import { readOperationParameters } from './operation-parameters.js';
import { Pace } from './pace.js';
import type { Reader } from './read.js';

interface Wanted {
  type: string;
  id: string;
  access: Access;
}

export interface HistoryRequest extends Wanted {
  params: readonly (readonly [name: string, value: string])[];
  meter?: Meter;
}

/** A page of the versions of one resource, as a history Bundle. */
export interface History {
  json: Text;
  /** Number of resources in the Bundle; a deletion has none. */
  resources: number;
}

/** Entries of a page, when the request names no number, and at most. */
const [defaultEntries, mostEntries] = [50, 100];
const allowed = ['_count', '_since', '_at'];

interface Parameters {
  count: number;
  /** Milliseconds since the epoch. */
  since: number | undefined;
  at: DateRange | undefined;
  cursor: string | undefined;
  /** The parameters without the cursor. */
  used: [string, string][];
}

/** @throws FhirError 400 that names the parameter */
function parseParameters(params: HistoryRequest['params']): Parameters {
  const { given, cursor, used, range } = readOperationParameters('_history', allowed, params);
  const count = given.get('_count');
  return {
    count: count === undefined ? defaultEntries : Math.min(parseCount(count, 1), mostEntries),
    since: range('_since')?.low,
    at: range('_at'),
    cursor,
    used,
  };
}

interface EntryRow {
  version: number;
  is_deletion: boolean;
  last_updated: Date;
  total: number;
  /** Null for a deletion, and for the current version, which is read already. */
  body: Text | null;
}

/**
 * Reads the earlier versions of resources, where the loader keeps them. An access reaches the versions of a
 * resource that it reaches itself, or that it reached until the deletion. Of these it reaches the versions
 * that belonged to its patient, and that neither have a withheld label nor reference a resource with one.
 */
export class Histories {
  constructor(
    private readonly reader: Reader,
    private readonly pool: Database,
    private readonly baseUrl: string,
    private readonly cursors: Cursors,
  ) {}

  /** A version of a resource; undefined when there is none that the access reaches. */
  async readVersion({ version, ...wanted }: Wanted & { version: number }): Promise<ReadRow | undefined> {
    const current = await this.reader.read(wanted);
    if (current?.version === version) return current;
    if (!current && !(await this.reader.isDeleted(wanted))) return undefined;
    const statement = new Statement();
    const visible = visibleVersions(statement, wanted);
    const [row] = await run<ReadRow>(
      this.pool,
      `SELECT v.body AS json, v.version, v.last_updated FROM resource_version v
       WHERE ${visible} AND v.version = ${statement.bind(version, '::int')} AND NOT v.is_deletion`,
      statement.values,
    );
    return row;
  }

  /**
   * The versions and deletions of a resource, the newest first (FHIR R4 §3.1.0.11).
   * @returns undefined when the access does not reach the resource, or nothing is known of a deleted one
   * @throws FhirError 400 when a parameter is wrong
   */
  async history({ params, meter = new Meter(), ...wanted }: HistoryRequest): Promise<History | undefined> {
    const parameters = parseParameters(params);
    const { type, id, access } = wanted;
    const path = `${type}/${id}/_history`;
    const bound = boundText(path, access, parameters.used);
    const current = await this.reader.read(wanted);
    if (!current && !(await this.reader.isDeleted(wanted))) return undefined;
    const rows = await this.rowsOf(wanted, parameters, current, bound);
    const isLimited = parameters.since !== undefined || parameters.at !== undefined;
    if (rows.length === 0 && !current && !isLimited) return undefined;
    const page = rows.slice(0, parameters.count);
    const last = rows.length > parameters.count ? page.at(-1) : undefined;
    const next =
      last && this.cursors.write({ id: String(last.version), keys: [String(last.is_deletion)] }, bound);
    const entries = page.map(({ version, is_deletion, last_updated: lastUpdated, body }): HistoryEntry => ({
      version,
      lastUpdated,
      body: body ?? (is_deletion ? null : current!.json),
    }));
    const json = await historyBundle(
      {
        baseUrl: this.baseUrl,
        type,
        id,
        total: rows[0]?.total ?? 0,
        links: this.linksOf(path, parameters, next),
        entries,
      },
      new Pace(meter),
    );
    return { json, resources: entries.filter(({ body }) => body !== null).length };
  }

  private async rowsOf(
    wanted: Wanted,
    { count, since, at, cursor }: Parameters,
    current: ReadRow | undefined,
    bound: string,
  ): Promise<EntryRow[]> {
    const statement = new Statement();
    const kept = `SELECT v.version, v.is_deletion, v.last_updated, v.body FROM resource_version v
      WHERE ${visibleVersions(statement, wanted)}`;
    const now = current
      ? ` UNION ALL SELECT ${statement.bind(current.version, '::int')}, false,
          ${statement.bind(current.last_updated, '::timestamptz')}, NULL`
      : '';
    const time = (milliseconds: number) => statement.bind(new Date(milliseconds), '::timestamptz');
    const conditions = [
      ...(since === undefined ? [] : [`last_updated >= ${time(since)}`]),
      // A version is current from its own time until the time of the next entry.
      ...(at ? [`last_updated < ${time(at.high)}`, `until > ${time(at.low)}`, 'NOT is_deletion'] : []),
    ];
    const place = cursor === undefined ? undefined : this.cursors.read(cursor, bound);
    const after = place
      ? `WHERE (version, is_deletion) < (${statement.bind(Number(place.id), '::int')}, ${statement.bind(place.keys[0] === 'true', '::boolean')})`
      : '';
    return run<EntryRow>(
      this.pool,
      `SELECT version, is_deletion, last_updated, total, body FROM (
         SELECT *, count(*) OVER ()::int AS total FROM (
           SELECT *, lead(last_updated, 1, 'infinity') OVER (ORDER BY version, is_deletion) AS until
           FROM (${kept}${now}) AS entry) AS timed
         ${conditions.length > 0 ? `WHERE ${conditions.join(' AND ')}` : ''}) AS asked
       ${after} ORDER BY version DESC, is_deletion DESC LIMIT ${statement.bind(count + 1, '::int')}`,
      statement.values,
    );
  }

  private linksOf(path: string, { used, cursor }: Parameters, next: string | undefined) {
    const urlAt = (at: string | undefined) => {
      const query = new URLSearchParams(used);
      if (at !== undefined) query.append('_cursor', at);
      return `${this.baseUrl}/${path}${query.size > 0 ? `?${query}` : ''}`;
    };
    const self = { relation: 'self', url: urlAt(cursor) };
    return next === undefined ? [self] : [self, { relation: 'next', url: urlAt(next) }];
  }
}

/** Tables with the labels of a resource. */
const labelled = ['member_resource', 'shared_resource', 'waiting_resource'];

/**
 * The kept versions of a resource that an access reaches, as the WHERE of a statement over
 * `resource_version v`. The caller has made sure that the access reaches the resource, or did until its
 * deletion.
 */
function visibleVersions(statement: Statement, { type, id, access }: Wanted): string {
  const conditions = [`v.type = ${statement.bind(type)}`, `v.id = ${statement.bind(id)}`];
  // A version may have belonged to somebody else.
  conditions.push(
    isCompartmentType(type)
      ? `v.patients @> ARRAY[${statement.bind(access.patient ?? '', '::text')}]`
      : 'cardinality(v.patients) = 0',
  );
  const { withheld = [] } = access;
  if (withheld.length > 0) {
    const labels = statement.bind(withheld, '::text[]');
    const targets = [
      ...labelled.map((table) => [table, 'r.labels || r.followed_labels']),
      ['deleted_resource', 'r.labels'],
    ].map(
      ([table, ofRow]) =>
        `EXISTS (SELECT FROM unnest(v.refs) AS target JOIN ${table} r
           ON r.type = split_part(target, '/', 1) AND r.id = split_part(target, '/', 2)
           WHERE ${ofRow} && ${labels})`,
    );
    conditions.push(
      `(v.labels IS NULL OR NOT v.labels && ${labels})`,
      ...targets.map((exists) => `NOT ${exists}`),
    );
  }
  return conditions.join(' AND ');
}

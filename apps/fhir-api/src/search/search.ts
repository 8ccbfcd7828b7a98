import { randomUUID } from 'node:crypto';
import type { Pool } from 'pg';
import type { Reader } from '../reader.js';
import { condition, requiredToken } from './conditions.js';
import { defaultMaxCost, refuseTooCostly } from './cost.js';
import { Cursors } from './cursor.js';
import { joined } from './joined.js';
import { run, type Database, type Text } from './database.js';
import { KeyFrequencies } from './key-frequencies.js';
import { limited, Meter, metered, unlimited, type Limit } from './meter.js';
import { includedAtOnce, includedRows, mostIncluded, refuseTooMany, type FoundRow } from './included.js';
import { parseSearch, type Filter, type Search } from './parse.js';
import { Pace } from './pace.js';
import { isNearest, orderOf } from './sort.js';
import { isOfMember, referencesOf, rowsByKeys, Statement, visibleRows, type Source } from './sql.js';
import { subset } from './subset.js';
import { searchKey } from '../store/search-key.js';

export interface SearchRequest {
  type: string;
  params: [string, string][];
  reader: Reader;
  handling: 'strict' | 'lenient';
  /** Who shares the connections with others by turns; all that name none are one. */
  caller?: string;
  /** Takes down what the search costs. */
  meter?: Meter;
}

/** Where a search gets its rows from. */
interface Connections {
  pool: Database;
  quick: Database;
  meter: Meter;
}

/** Limits of searches, by turns of their callers. */
export interface SearchLimits {
  /** Statements on the pool. */
  pooled: Limit;
  /** Searches whose answer may be large. */
  large: Limit;
  /** Whether a caller's short statements may share a connection with those of others, which then wait behind them. */
  mayJoin?: (caller: string) => boolean;
}

/** A searchset Bundle. */
export interface Searchset {
  json: Text;
  /** Resources in it, found and included. */
  resources: number;
}

interface MatchRow extends FoundRow {
  [key: `k${number}`]: unknown;
}

/** Runs searches of one environment and writes their searchset Bundles. */
export class Searcher {
  private readonly frequencies: KeyFrequencies;

  constructor(
    private readonly databases: { pool: Pool; quick: Database },
    private readonly baseUrl: string,
    private readonly cursors: Cursors,
    private readonly maxCost = defaultMaxCost,
    private readonly limits: SearchLimits = { pooled: unlimited, large: unlimited },
  ) {
    this.frequencies = new KeyFrequencies(databases.pool);
  }

  /**
   * The resources of the Bundle go in as they are stored.
   * @throws FhirError
   */
  async search(request: SearchRequest): Promise<Searchset> {
    const { type, params, reader, handling, caller = '', meter = new Meter() } = request;
    const search = parseSearch(type, params, handling);
    refuseTooCostly(search, this.maxCost);
    const pool = limited(this.databases.pool, this.limits.pooled, caller, meter);
    const mayJoin = this.limits.mayJoin?.(caller) ?? true;
    const connections = { pool, quick: mayJoin ? metered(this.databases.quick, meter) : pool, meter };
    if (!isLarge(search)) return this.answer(search, reader, connections).finally(() => meter.pause());
    meter.pause();
    return this.limits.large.run(caller, () => {
      meter.resume();
      return this.answer(search, reader, connections).finally(() => meter.pause());
    });
  }

  private async answer(search: Search, reader: Reader, connections: Connections): Promise<Searchset> {
    const bound = JSON.stringify([search.type, reader, search.used]);
    const { rows, together } = await this.matches(search, reader, bound, connections);
    const more = rows.length > search.count;
    const matches = more ? rows.slice(0, search.count) : rows;
    const pace = new Pace(connections.meter);
    const included =
      together ??
      (search.includes.length + search.revincludes.length > 0 && matches.length > 0
        ? await includedRows(connections.pool, reader, matches, search.includes, search.revincludes, pace)
        : []);
    const complete = !more && search.cursor === undefined && wantsRows(search);
    const total =
      complete && search.total !== 'none' ? matches.length : await this.total(search, reader, connections);
    const next = more ? this.nextCursor(matches, bound) : undefined;
    return {
      json: await this.bundle(search, matches, included, total, next, pace),
      resources: matches.length + included.length,
    };
  }

  /** The page's rows and one more, and, where one statement can give them, the included resources. */
  private async matches(
    search: Search,
    reader: Reader,
    bound: string,
    connections: Connections,
  ): Promise<{ rows: MatchRow[]; together?: FoundRow[] }> {
    if (!wantsRows(search)) return { rows: [] };
    const statement = new Statement();
    const { from, where } = visibleRows(statement, search.type, reader, 'r');
    const { keys, others } = this.filters(statement, search, reader);
    const order = orderOf(statement, 'r', search);
    const way = this.wayTo(search, reader, keys, others);
    if (search.cursor !== undefined) {
      const cursor = this.cursors.read(search.cursor, bound);
      others.push(order.after(cursor.keys, cursor.id));
    }
    const includes = search.includes.length + search.revincludes.length > 0;
    const source = rowsWith(statement, { from, where }, keys, way);
    const atOnce = includes && order.keys === 0 ? includedAtOnce(statement, reader, search) : undefined;
    const forIncludes = atOnce
      ? ', r.refs, r.keys'
      : includes
        ? `, ${referencesOf('r', search.includes.length > 0)}`
        : '';
    const page = `SELECT r.type, r.id, r.body${forIncludes}${order.select} FROM ${source.from}
       WHERE ${[source.where, ...others].join(' AND ')} ORDER BY ${order.orderBy} LIMIT ${statement.bind(search.count + 1)}`;
    const database = connections[isQuick(search, way) ? 'quick' : 'pool'];
    if (!atOnce) return { rows: await run<MatchRow>(database, page, statement.values) };
    const all = await run<MatchRow & { place: number }>(
      database,
      `WITH found AS MATERIALIZED (${page}),
         page AS (SELECT * FROM found ORDER BY id LIMIT ${statement.bind(search.count)})
       SELECT row_number() OVER (ORDER BY id)::integer AS place, type, id, body FROM found
       ${atOnce.map((select) => `UNION ALL ${select}`).join('\n')}
       LIMIT ${statement.bind(search.count + 1 + mostIncluded + 1)}`,
      statement.values,
    );
    // A union has no order of its own.
    const rows = all.filter(({ place }) => place > 0).sort((a, b) => a.place - b.place);
    const known = new Set(rows.slice(0, search.count).map((row) => `${row.type}/${row.id}`));
    refuseTooMany(all.length - rows.length);
    const together = all.filter((row) => {
      const key = `${row.type}/${row.id}`;
      if (row.place > 0 || known.has(key)) return false;
      known.add(key);
      return true;
    });
    return { rows, together };
  }

  /** Keys that every match has, and the conditions that are not as simple as that. */
  private filters(
    statement: Statement,
    search: Search,
    reader: Reader,
  ): { keys: number[]; others: string[] } {
    const context = { statement, reader, baseUrl: this.baseUrl, frequencies: this.frequencies };
    const keys: number[] = [];
    const others: string[] = [];
    for (const filter of search.filters) {
      const token = requiredToken(context, filter);
      if (token === undefined) others.push(condition(context, search.type, 'r', filter));
      // References come last: most of a member's rows have the one that is asked for most, to the patient.
      else if (filter.definition.type === 'reference') keys.push(searchKey(token));
      else keys.unshift(searchKey(token));
    }
    return { keys, others };
  }

  private wayTo(search: Search, reader: Reader, keys: readonly number[], others: readonly string[]): Way {
    if (reader.plan === 'patient-access') return 'one by one';
    if (others.length > 0) return this.wayToAll(reader, keys);
    const common = search.sort.length === 0 && this.frequencies.areCommon(search.type, keys, search.count);
    return common ? 'one by one' : 'by index';
  }

  /** To all that have the keys, in no order. */
  private wayToAll(reader: Reader, keys: readonly number[]): Way {
    if (reader.plan === 'patient-access') return 'one by one';
    return keys.some((key) => !this.frequencies.isFrequent(key)) ? 'by index' : 'planned';
  }

  /** The number of matches. Unasked only a member's are counted: counting a directory costs more than the page. */
  private async total(search: Search, reader: Reader, connections: Connections): Promise<number | undefined> {
    const unasked = isOfMember(search.type) ? 'accurate' : 'none';
    if (wantsRows(search) && (search.total ?? unasked) === 'none') return undefined;
    const statement = new Statement();
    const { from, where } = visibleRows(statement, search.type, reader, 'r');
    const { keys, others } = this.filters(statement, search, reader);
    const source = rowsWith(statement, { from, where }, keys, this.wayToAll(reader, keys));
    const [row] = await run<{ total: number }>(
      connections.pool,
      `SELECT count(*)::integer AS total FROM ${source.from} WHERE ${[source.where, ...others].join(' AND ')}`,
      statement.values,
    );
    return row?.total ?? 0;
  }

  private nextCursor(matches: readonly MatchRow[], bound: string): string | undefined {
    const last = matches.at(-1);
    if (!last) return undefined;
    const keys: string[] = [];
    for (let n = 0; last[`k${n}`] !== undefined; n++) keys.push(String(last[`k${n}`]));
    return this.cursors.write({ id: last.id, keys }, bound);
  }

  private async bundle(
    search: Search,
    matches: readonly FoundRow[],
    included: readonly FoundRow[],
    total: number | undefined,
    next: string | undefined,
    pace: Pace,
  ): Promise<Text> {
    const self = new URLSearchParams(search.used);
    const links = [{ relation: 'self', url: this.url(search, self, search.cursor) }];
    if (next !== undefined) links.push({ relation: 'next', url: this.url(search, self, next) });
    // `_elements` is about the matches only (FHIR R4 §3.1.1.5.9).
    const summary = { summary: search.summary, elements: undefined };
    const parts: Text[] = [
      `{"resourceType":"Bundle","type":"searchset"${total === undefined ? '' : `,"total":${total}`},"link":${JSON.stringify(links)}`,
    ];
    let separator = ',"entry":[';
    const add = (...entry: Text[]) => {
      parts.push(separator, ...entry);
      separator = ',';
    };
    for (const row of matches) {
      if (pace.isDue) await pace.yield();
      add(...this.entry(row, subset(row.type, row.body, search), 'match'));
    }
    for (const row of included) {
      if (pace.isDue) await pace.yield();
      add(...this.entry(row, subset(row.type, row.body, summary), 'include'));
    }
    if (search.ignored.length > 0) add(outcomeEntry(search.ignored));
    parts.push(separator === ',' ? ']}' : '}');
    return joined(parts);
  }

  private entry({ type, id }: FoundRow, resource: Text, mode: 'match' | 'include'): Text[] {
    const fullUrl = JSON.stringify(`${this.baseUrl}/${type}/${id}`);
    return [`{"fullUrl":${fullUrl},"resource":`, resource, `,"search":{"mode":"${mode}"}}`];
  }

  private url(search: Search, self: URLSearchParams, cursor: string | undefined): string {
    const query = new URLSearchParams(self);
    if (cursor !== undefined) query.set('_cursor', cursor);
    const text = query.toString();
    return `${this.baseUrl}/${search.type}${text ? `?${text}` : ''}`;
  }
}

/**
 * How rows are found that have all the keys. What a member may see is looked at one by one in its order, for it is little; so are a directory's when
 * the keys are common; else the index finds them, in no order. The planner decides only when there are other conditions and no key that few have: it does not
 * know the values of a prepared statement.
 */
type Way = 'one by one' | 'by index' | 'planned';

function rowsWith(statement: Statement, { from, where }: Source, keys: readonly number[], way: Way): Source {
  if (keys.length === 0) return { from, where };
  const and = (conditions: string[]) => [where, ...conditions].join(' AND ');
  if (way === 'one by one')
    return { from, where: and(keys.map((key) => `${statement.bind(key, '::bigint')} = ANY(r.keys)`)) };
  return way === 'planned'
    ? { from, where: and([`r.keys @> ${statement.bind(keys, '::bigint[]')}`]) }
    : { from: rowsByKeys(statement, from, 'r', keys), where };
}

/** Each row may be compared with each value. */
const fewValues = 100;

/**
 * Whether a page is known to cost little, so that it may share a connection with others: a member's own rows by what is in them, a directory's rows
 * that are taken in the order of an index.
 */
function isQuick({ type, filters, sort, count, revincludes }: Search, way: Way): boolean {
  const isShort = (filter: Filter) => filter.kind === 'value' && filter.values.length <= fewValues;
  if (count > usualCount || revincludes.length > 0 || !filters.every(isShort)) return false;
  return isOfMember(type) || way === 'one by one' || (isNearest(filters) && sort.length === 0);
}

/** Answers with more resources than this are large. */
const usualCount = 100;

/** Whether an answer may hold thousands of resources: so many matches, or what points to them, or what is found in rounds. */
const isLarge = ({ count, includes, revincludes }: Search): boolean =>
  count > usualCount ||
  revincludes.length > 0 ||
  includes.some(({ iterate, definition }) => iterate || definition === undefined);

const wantsRows = ({ count, summary }: Search) => count > 0 && summary !== 'count';

/** What was ignored, for the app's developer (FHIR R4 §3.1.1.4.1); every entry of a searchset has a fullUrl (FHIR R4 §2.36, Bundle.entry.fullUrl). */
function outcomeEntry(ignored: readonly string[]): string {
  const outcome = {
    resourceType: 'OperationOutcome',
    issue: ignored.map((text) => ({
      severity: 'warning',
      code: 'not-supported',
      details: { text: `Ignored: ${text}` },
      diagnostics: `Ignored: ${text}`,
    })),
  };
  return `{"fullUrl":"urn:uuid:${randomUUID()}","resource":${JSON.stringify(outcome)},"search":{"mode":"outcome"}}`;
}

import type { Pool } from 'pg';
import type { Access } from '../access.js';
import { searchset, type Searchset } from '../bundle/searchset.js';
import { searchKey } from '../index/search-key.js';
import { run, type Database } from '../postgres/database.js';
import { Scratch } from '../postgres/scratch.js';
import { Statement } from '../postgres/statement.js';
import { limited, unlimited, type Limit } from './concurrency-limit.js';
import { condition, exactKey } from './condition.js';
import { defaultMaxCost, refuseTooCostly } from './cost.js';
import { boundText, type Cursors } from './cursor.js';
import { everything, type EverythingRequest } from './everything.js';
import type { Search } from './filter.js';
import { includedAtOnce, includedRows, maxIncluded, refuseTooMany, type FoundRow } from './include.js';
import { KeyFrequencies } from './key-frequencies.js';
import { Meter, metered } from './meter.js';
import { orderOf } from './sort.js';
import { Pace } from './pace.js';
import { parseSearch } from './parse-search.js';
import { isLarge, isQuick, listOf, rowsWithKeys, routeToAll, routeToPage, wholeSharedRows } from './route.js';
import { hasMatches, isCounted } from './total.js';
import { Unindexed } from './unindexed.js';
import { referencesOf, visibleRows } from './visible-rows.js';

export interface SearchRequest {
  type: string;
  /** The path of the search below the base URL, for the links; the type when absent. */
  path?: string;
  params: [string, string][];
  access: Access;
  handling: 'strict' | 'lenient';
  /** Callers share the connections fairly. Requests without a caller count as one caller. */
  caller?: string;
  /** Measures the time that the search takes. */
  meter?: Meter;
}

/** The connections of one search. */
interface Connections {
  pool: Database;
  quick: Database;
  meter: Meter;
}

/** How much may run at once. The callers share it fairly. */
export interface SearchLimits {
  /** Statements on the pool. */
  pooled: Limit;
  /** Searches whose answer may be large. */
  large: Limit;
  /**
   * Whether a caller's short statements may share a connection with those of others. The others then wait
   * behind them.
   */
  mayJoin?: (caller: string) => boolean;
}

interface MatchRow extends FoundRow {
  [key: `k${number}`]: unknown;
}

const boundTo = ({ type, used }: Search, access: Access): string => boundText(type, access, used);

/** Runs searches of one database and writes their searchset Bundles. */
export class Searcher {
  private readonly frequencies: KeyFrequencies;
  private readonly unindexed: Unindexed;

  constructor(
    private readonly databases: { pool: Pool; quick: Database },
    private readonly baseUrl: string,
    private readonly cursors: Cursors,
    private readonly maxCost = defaultMaxCost,
    private readonly limits: SearchLimits = { pooled: unlimited, large: unlimited },
  ) {
    this.frequencies = new KeyFrequencies(databases.pool);
    this.unindexed = new Unindexed(databases.pool);
  }

  /** @throws FhirError when the search is wrong, or costs too much */
  async search(request: SearchRequest): Promise<Searchset> {
    const { type, params, access, handling, caller = '', meter = new Meter() } = request;
    const search = parseSearch(type, params, handling);
    refuseTooCostly(search, this.maxCost);
    const pool = limited(this.databases.pool, this.limits.pooled, caller, meter);
    const mayJoin = this.limits.mayJoin?.(caller) ?? true;
    const connections = { pool, quick: mayJoin ? metered(this.databases.quick, meter) : pool, meter };
    const { path = type } = request;
    if (!isLarge(search)) return this.answer(search, path, access, connections).finally(() => meter.pause());
    meter.pause();
    return this.limits.large.run(caller, () => {
      meter.resume();
      return this.answer(search, path, access, connections).finally(() => meter.pause());
    });
  }

  /** @throws FhirError when a parameter is wrong */
  everything(request: EverythingRequest & Pick<SearchRequest, 'caller' | 'meter'>): Promise<Searchset> {
    const { caller = '', meter = new Meter() } = request;
    const pool = limited(this.databases.pool, this.limits.pooled, caller, meter);
    const { baseUrl, cursors } = this;
    meter.pause();
    return this.limits.large.run(caller, () => {
      meter.resume();
      return everything(request, { pool, baseUrl, cursors, meter }).finally(() => meter.pause());
    });
  }

  private async answer(
    search: Search,
    path: string,
    access: Access,
    connections: Connections,
  ): Promise<Searchset> {
    const scratch = new Scratch();
    try {
      return await this.page(search, path, access, connections, scratch);
    } finally {
      scratch.release();
    }
  }

  /** @param scratch keeps the resources until the Bundle is written */
  private async page(
    search: Search,
    path: string,
    access: Access,
    connections: Connections,
    scratch: Scratch,
  ): Promise<Searchset> {
    const { rows, together } = await this.matches(search, access, connections, scratch);
    const more = rows.length > search.count;
    const matches = more ? rows.slice(0, search.count) : rows;
    const pace = new Pace(connections.meter);
    const included =
      together ??
      (search.includes.length + search.revincludes.length > 0 && matches.length > 0
        ? scratch.keep(
            await includedRows(
              connections.pool,
              access,
              matches,
              search.includes,
              search.revincludes,
              pace,
              scratch.types,
            ),
          )
        : []);
    const complete = !more && search.cursor === undefined && hasMatches(search);
    const total =
      complete && search.total !== 'none' ? matches.length : await this.total(search, access, connections);
    const next = more ? this.nextCursor(matches, boundTo(search, access)) : undefined;
    const incomplete = await this.unindexed.of(search);
    const asked = { ...search, path, incomplete };
    const page = { search: asked, baseUrl: this.baseUrl, matches, included, total, next };
    return searchset(page, pace);
  }

  /** The rows of the page and one more row, and the included resources if one statement can find both. */
  private async matches(
    search: Search,
    access: Access,
    connections: Connections,
    scratch: Scratch,
  ): Promise<{ rows: MatchRow[]; together?: FoundRow[] }> {
    if (!hasMatches(search)) return { rows: [] };
    const statement = new Statement();
    const { from, where } = visibleRows(statement, search.type, access, 'r');
    const { keys, others } = this.filters(statement, search, access);
    const route =
      listOf(search, access, keys, this.frequencies) ??
      routeToPage(search, access, keys, others.length > 0, this.frequencies);
    // A list gives its rows in the order of the ids in it.
    const ordered = typeof route === 'object' ? 'listed' : 'r';
    const order = orderOf(statement, ordered, search);
    if (search.cursor !== undefined) {
      const cursor = this.cursors.read(search.cursor, boundTo(search, access));
      others.push(order.after(cursor.keys, cursor.id));
    }
    const includes = search.includes.length + search.revincludes.length > 0;
    const source = rowsWithKeys(statement, { from, where }, keys, route);
    const atOnce = includes && order.keys === 0 ? includedAtOnce(statement, access, search) : undefined;
    const forIncludes = atOnce
      ? ', r.refs, r.keys'
      : includes
        ? `, ${referencesOf('r', search.includes.length > 0)}`
        : '';
    // All matches have the same type. Only rows beside included ones need to say it.
    const columns = includes ? `r.type, r.body${forIncludes}` : 'r.body';
    const chosen = (selected: string) => `SELECT ${selected}${order.select} FROM ${source.from}
       WHERE ${[source.where, ...others].join(' AND ')} ORDER BY ${order.orderBy(ordered)} LIMIT ${statement.bind(search.count + 1)}`;
    const page =
      route === 'index' && keys.length > 0
        ? wholeSharedRows(chosen('r.id, r.place_in_table'), columns, order)
        : chosen(`${ordered}.id, ${columns}`);
    const database = connections[isQuick(search, route) ? 'quick' : 'pool'];
    if (!atOnce) {
      const rows = scratch.keep(await run<MatchRow>(database, page, statement.values, scratch.types));
      for (const row of rows) row.type = search.type;
      return { rows };
    }
    const all = await run<MatchRow & { place: number }>(
      database,
      `WITH found AS MATERIALIZED (
           SELECT row_number() OVER (ORDER BY id)::integer AS place, ordered.* FROM (${page}) AS ordered),
         page AS (SELECT * FROM found WHERE place <= ${statement.bind(search.count)})
       SELECT place, type, id, body FROM found
       ${atOnce.map((select) => `UNION ALL ${select}`).join('\n')}
       LIMIT ${statement.bind(search.count + 1 + maxIncluded + 1)}`,
      statement.values,
      scratch.types,
    );
    scratch.keep(all);
    // A union has no order.
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

  /** The keys that every match has, and the conditions of all other filters. */
  private filters(
    statement: Statement,
    search: Search,
    access: Access,
  ): { keys: number[]; others: string[] } {
    const { baseUrl, frequencies } = this;
    const isFrequent = (key: number) => frequencies.isFrequent(key);
    const context = { statement, access, baseUrl, isFrequent };
    const keys: number[] = [];
    const others: string[] = [];
    for (const filter of search.filters) {
      const key = exactKey(filter, baseUrl);
      if (key === undefined) others.push(condition(context, { type: search.type, alias: 'r' }, filter));
      // References come last: most references in searches are to the patient, and most of a patient's rows
      // have that one.
      else if (filter.definition.type === 'reference') keys.push(searchKey(key));
      else keys.unshift(searchKey(key));
    }
    return { keys, others };
  }

  /** The number of matches on all pages. Undefined when they are not counted. */
  private async total(search: Search, access: Access, connections: Connections): Promise<number | undefined> {
    if (!isCounted(search)) return undefined;
    const statement = new Statement();
    const { from, where } = visibleRows(statement, search.type, access, 'r');
    const { keys, others } = this.filters(statement, search, access);
    const source = rowsWithKeys(statement, { from, where }, keys, routeToAll(access, keys, this.frequencies));
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
}

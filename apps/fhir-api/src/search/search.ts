import type { Pool } from 'pg';
import type { Reader } from '../reader.js';
import { condition, requiredToken } from './conditions.js';
import { Cursors } from './cursor.js';
import { run } from './database.js';
import { includedAtOnce, includedRows, refuseTooMany, type FoundRow } from './included.js';
import { parseSearch, type Search } from './parse.js';
import { orderOf } from './sort.js';
import { isOfMember, Statement, visibleRows } from './sql.js';
import { subset } from './subset.js';
import { searchKey } from '../store/search-key.js';

export interface SearchRequest {
  type: string;
  params: [string, string][];
  reader: Reader;
  handling: 'strict' | 'lenient';
}

/** Up to so many matches are counted without being asked to. */
const countedUnasked = 1000;

interface MatchRow extends FoundRow {
  [key: `k${number}`]: unknown;
}

/** Runs searches of one environment and writes their searchset Bundles. */
export class Searcher {
  constructor(
    private readonly pool: Pool,
    private readonly baseUrl: string,
    private readonly cursors: Cursors,
  ) {}

  /**
   * The Bundle as text; resources go in as they are stored.
   * @throws FhirError
   */
  async search({ type, params, reader, handling }: SearchRequest): Promise<string> {
    const search = parseSearch(type, params, handling);
    const bound = JSON.stringify([type, reader, search.used]);
    const { rows, together } = await this.matches(search, reader, bound);
    const more = rows.length > search.count;
    const matches = more ? rows.slice(0, search.count) : rows;
    const included =
      together ??
      (search.includes.length + search.revincludes.length > 0 && matches.length > 0
        ? await includedRows(this.pool, reader, matches, search.includes, search.revincludes)
        : []);
    const complete = !more && search.cursor === undefined && wantsRows(search);
    const total = complete && search.total !== 'none' ? matches.length : await this.total(search, reader);
    return this.bundle(
      search,
      matches,
      included,
      total,
      more ? this.nextCursor(matches, search, bound) : undefined,
    );
  }

  /** The page's rows and one more, and, where one statement can give them, the included resources. */
  private async matches(
    search: Search,
    reader: Reader,
    bound: string,
  ): Promise<{ rows: MatchRow[]; together?: FoundRow[] }> {
    if (!wantsRows(search)) return { rows: [] };
    const statement = new Statement();
    const { from, where } = visibleRows(statement, search.type, reader, 'r');
    const filters = this.filters(statement, search, reader);
    const order = orderOf(statement, 'r', search.sort);
    if (search.cursor !== undefined) {
      const { keys, id } = this.cursors.read(search.cursor, bound);
      filters.push(order.after(keys, id));
    }
    const includes = search.includes.length + search.revincludes.length > 0;
    const page = `SELECT r.type, r.id, r.body${includes ? ', r.tokens' : ''}${order.select} FROM ${from}
       WHERE ${[where, ...filters].join(' AND ')} ORDER BY ${order.orderBy} LIMIT ${statement.bind(search.count + 1)}`;
    const atOnce =
      includes && search.sort.length === 0 ? includedAtOnce(statement, reader, search) : undefined;
    if (!atOnce) return { rows: await run<MatchRow>(this.pool, page, statement.values) };
    const all = await run<MatchRow & { place: number }>(
      this.pool,
      `WITH found AS MATERIALIZED (${page}),
         page AS (SELECT * FROM found ORDER BY id LIMIT ${statement.bind(search.count)})
       SELECT row_number() OVER (ORDER BY id)::integer AS place, type, id, body FROM found
       ${atOnce.map((select) => `UNION ALL ${select}`).join('\n')}`,
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

  private filters(statement: Statement, search: Search, reader: Reader): string[] {
    const context = { statement, reader, baseUrl: this.baseUrl };
    const required: number[] = [];
    const filters: string[] = [];
    for (const filter of search.filters) {
      const token = requiredToken(context, filter);
      if (token === undefined) filters.push(condition(context, search.type, 'r', filter));
      // References come last: most of a member's rows have the one that is asked for most, to the patient.
      else if (filter.definition.type === 'reference') required.push(searchKey(token));
      else required.unshift(searchKey(token));
    }
    return [...hasAll(statement, search.type, required), ...filters];
  }

  /** The number of matches, or undefined when it is not wanted or, unasked, large. */
  private async total(search: Search, reader: Reader): Promise<number | undefined> {
    const onlyCounted = !wantsRows(search);
    if (search.total === 'none' && !onlyCounted) return undefined;
    const asked = search.total !== undefined || onlyCounted;
    const statement = new Statement();
    const { from, where } = visibleRows(statement, search.type, reader, 'r');
    const filters = this.filters(statement, search, reader);
    const bounded = asked ? '' : ` LIMIT ${countedUnasked + 1}`;
    const [row] = await run<{ total: number }>(
      this.pool,
      `SELECT count(*)::integer AS total FROM (SELECT 1 FROM ${from} WHERE ${[where, ...filters].join(' AND ')}${bounded}) AS found`,
      statement.values,
    );
    const total = row?.total ?? 0;
    return asked || total <= countedUnasked ? total : undefined;
  }

  private nextCursor(matches: readonly MatchRow[], search: Search, bound: string): string | undefined {
    const last = matches.at(-1);
    if (!last) return undefined;
    return this.cursors.write({ id: last.id, keys: search.sort.map((_, n) => String(last[`k${n}`])) }, bound);
  }

  private bundle(
    search: Search,
    matches: readonly FoundRow[],
    included: readonly FoundRow[],
    total: number | undefined,
    next: string | undefined,
  ): string {
    const self = new URLSearchParams(search.used);
    const links = [{ relation: 'self', url: this.url(search, self, search.cursor) }];
    if (next !== undefined) links.push({ relation: 'next', url: this.url(search, self, next) });
    const entry = (row: FoundRow, resource: string, mode: string) =>
      `{"fullUrl":${JSON.stringify(`${this.baseUrl}/${row.type}/${row.id}`)},"resource":${resource},"search":{"mode":"${mode}"}}`;
    // `_elements` is about the matches only (FHIR R4 §3.1.1.5.9).
    const summary = { summary: search.summary, elements: undefined };
    const entries = [
      ...matches.map((row) => entry(row, subset(row.type, row.body, search), 'match')),
      ...included.map((row) => entry(row, subset(row.type, row.body, summary), 'include')),
      ...(search.ignored.length > 0 ? [outcomeEntry(search.ignored)] : []),
    ];
    const head = `{"resourceType":"Bundle","type":"searchset"${total === undefined ? '' : `,"total":${total}`},"link":${JSON.stringify(links)}`;
    return entries.length > 0 ? `${head},"entry":[${entries.join(',')}]}` : `${head}}`;
  }

  private url(search: Search, self: URLSearchParams, cursor: string | undefined): string {
    const query = new URLSearchParams(self);
    if (cursor !== undefined) query.set('_cursor', cursor);
    const text = query.toString();
    return `${this.baseUrl}/${search.type}${text ? `?${text}` : ''}`;
  }
}

/** A member's rows of one type are all looked at, one by one; among the shared ones an index finds those with all keys. */
function hasAll(statement: Statement, type: string, keys: number[]): string[] {
  if (isOfMember(type)) return keys.map((key) => `${statement.bind(key, '::bigint')} = ANY(r.keys)`);
  return keys.length > 0 ? [`r.keys @> ${statement.bind(keys, '::bigint[]')}`] : [];
}

const wantsRows = ({ count, summary }: Search) => count > 0 && summary !== 'count';

/** What was ignored, for the app's developer (FHIR R4 §3.1.1.4.1). */
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
  return `{"resource":${JSON.stringify(outcome)},"search":{"mode":"outcome"}}`;
}

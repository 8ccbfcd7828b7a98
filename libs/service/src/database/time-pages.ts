/*
 * Pages of a large table in order of time. Each branch of a statement ranges over one index in the order of
 * the answer. So the cost of a page depends on its own rows, not on the size of the table. The statements
 * leave the planner no other plan: without fresh statistics of a table or partition its choice would be
 * arbitrary.
 */

/** Binds a value and returns its placeholder. */
export type Bind = (value: unknown) => string;

/** The bound values of one statement. */
export class Values {
  readonly list: unknown[] = [];
  readonly bind: Bind = (value) => `$${this.list.push(value)}`;
}

export interface TimeRange {
  /** ISO 8601; inclusive. */
  since?: string | undefined;
  /** ISO 8601; exclusive. */
  until?: string | undefined;
  /** The last row of the previous page. */
  after?: { at: string; id: string } | undefined;
  order?: 'newest' | 'oldest' | undefined;
}

export interface TimePage extends TimeRange {
  /** A table with the columns `at` and `id`, and an index over `((at AT TIME ZONE 'UTC') DESC, id DESC)`. */
  table: string;
  columns: string;
  /**
   * Conditions that each range over one index `(column, at DESC, id DESC)`; a row matches at most one of
   * them. Without any, the page ranges over the index by time.
   */
  ranges: readonly string[];
  /** Further conditions, from {@link isOneOf}. */
  others: readonly string[];
  limit: number;
}

/** A condition on a text column, written so that no index matches it. */
export function isOneOf(column: string, values: readonly string[], bind: Bind): string {
  return `(${column} || '') = ANY(${bind(values)})`;
}

/**
 * The statement of a page.
 * @param idType type of the column `id`
 */
export function pageText(page: TimePage, idType: 'bigint' | 'uuid', bind: Bind): string {
  const limit = bind(page.limit);
  const direction = page.order === 'oldest' ? 'ASC' : 'DESC';
  const select = (conditions: readonly string[], time: string) =>
    `SELECT ${page.columns} FROM ${page.table} ${where(conditions)}
     ORDER BY ${time} ${direction}, id ${direction} LIMIT ${limit}`;
  if (page.ranges.length === 0)
    return select([...page.others, ...utcConditions(page, idType, bind)], "at AT TIME ZONE 'UTC'");
  const others = [...page.others, ...timeConditions(page, idType, bind)];
  const branches = page.ranges.map((range) => `(${select([range, ...others], 'at')})`);
  return `SELECT * FROM (${branches.join(' UNION ALL ')}) AS found
          ORDER BY at ${direction}, id ${direction} LIMIT ${limit}`;
}

/** Conditions on `at` and `id`. */
export function timeConditions(range: TimeRange, idType: 'bigint' | 'uuid', bind: Bind): string[] {
  const { since, until, after, order } = range;
  const beyond = order === 'oldest' ? '>' : '<';
  return [
    ...(since ? [`at >= ${bind(since)}`] : []),
    ...(until ? [`at < ${bind(until)}`] : []),
    ...(after ? [`(at, id) ${beyond} (${bind(after.at)}::timestamptz, ${bind(after.id)}::${idType})`] : []),
  ];
}

/**
 * Like {@link timeConditions}, for the index by time, which is over an expression. The conditions on `at`
 * itself select the partitions.
 */
function utcConditions(range: TimeRange, idType: 'bigint' | 'uuid', bind: Bind): string[] {
  const { since, until, after, order } = range;
  const utc = (value: string) => `${bind(value)}::timestamptz AT TIME ZONE 'UTC'`;
  const beyond = order === 'oldest' ? '>' : '<';
  return [
    ...timeConditions({ since, until }, idType, bind),
    ...(since ? [`at AT TIME ZONE 'UTC' >= ${utc(since)}`] : []),
    ...(until ? [`at AT TIME ZONE 'UTC' < ${utc(until)}`] : []),
    ...(after
      ? [`(at AT TIME ZONE 'UTC', id) ${beyond} (${utc(after.at)}, ${bind(after.id)}::${idType})`]
      : []),
  ];
}

export const where = (conditions: readonly string[]) =>
  conditions.length > 0 ? `WHERE ${conditions.join(' AND ')}` : '';

import type { Pool } from 'pg';

/** Below this many rows a scan is as fast as an index. */
const few = 100;
/** Milliseconds after which the statistics are read again. */
const staleAfter = 5 * 60_000;

interface Statistics {
  /** Resources in the table. */
  rows: number;
  /** The share of each type. */
  types: ReadonlyMap<string, number>;
  /** The share of rows with a key, for common keys only. */
  keys: ReadonlyMap<number, number>;
}

/**
 * The frequency of keys among the shared resources, from PostgreSQL's own statistics. A prepared plan does
 * not know the value: a scan in order finds a page at once when a tenth of the rows has the key, and only the
 * index is fast when three rows have it.
 */
export class KeyFrequencies {
  private statistics: Statistics = { rows: 0, types: new Map(), keys: new Map() };
  private readAt = -Infinity;

  constructor(
    private readonly pool: Pool,
    private readonly now: () => number = Date.now,
  ) {}

  /**
   * Whether a scan in order finds the first `count` rows with all the keys sooner than the index, which finds
   * all of them and then sorts.
   */
  areCommon(type: string, keys: readonly number[], count: number): boolean {
    this.refresh();
    const { rows, types, keys: shares } = this.statistics;
    const ofType = rows * (types.get(type) ?? 0);
    let matches = ofType;
    for (const key of keys) matches *= Math.min(1, ((shares.get(key) ?? 0) * rows) / ofType);
    return matches > 0 && (count * ofType) / matches < matches;
  }

  /**
   * Whether the key is common. The index finds every row with the key, so for a common key it is not always
   * the fastest route.
   */
  isFrequent(key: number): boolean {
    this.refresh();
    const { rows, keys } = this.statistics;
    return (keys.get(key) ?? 0) * rows > few;
  }

  private refresh(): void {
    if (this.now() - this.readAt <= staleAfter) return;
    this.readAt = this.now();
    // No search waits for the statistics. Until they are read, no key counts as common, which is correct but
    // slower.
    void this.read().catch(() => undefined);
  }

  /** @throws Error of the database */
  async read(): Promise<void> {
    const { rows } = await this.pool.query<{
      rows: number;
      types: string[] | null;
      type_shares: number[] | null;
      keys: string[] | null;
      key_shares: number[] | null;
    }>(`
      SELECT c.reltuples::float8 AS rows, t.most_common_vals::text::text[] AS types, t.most_common_freqs::float8[] AS type_shares,
        k.most_common_elems::text::text[] AS keys, k.most_common_elem_freqs::float8[] AS key_shares
      FROM pg_class c
      LEFT JOIN pg_stats t ON t.schemaname = current_schema() AND t.tablename = c.relname AND t.attname = 'type'
      LEFT JOIN pg_stats k ON k.schemaname = current_schema() AND k.tablename = c.relname AND k.attname = 'keys'
      WHERE c.oid = 'shared_resource'::regclass`);
    const [found] = rows;
    // After the shares of elements, PostgreSQL keeps the smallest share, the largest share and the share of
    // nulls.
    this.statistics = {
      rows: Math.max(0, found?.rows ?? 0),
      types: sharesOf(found?.types, found?.type_shares),
      keys: new Map(
        [...sharesOf(found?.keys, found?.key_shares)].map(([key, share]) => [Number(key), share]),
      ),
    };
    this.readAt = this.now();
  }
}

function sharesOf(values: string[] | null = [], shares: number[] | null = []): Map<string, number> {
  return new Map((values ?? []).map((value, i) => [value, shares?.[i] ?? 0]));
}

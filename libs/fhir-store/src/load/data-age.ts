import type { Pool, PoolClient } from 'pg';

type Json = Record<string, unknown>;

/** A kind of data whose age is watched. Plain data, because it is copied to threads. */
export interface DataAgeRule {
  kind: string;
  /** Resource types of the kind. */
  types: readonly string[];
  /** The resources of these types that are meant; all when absent. */
  where?: { element: string; value: string };
  /**
   * Elements with the time of decision or record, each a date or a Period. `meta.lastUpdated` counts, too.
   */
  dates: readonly string[];
}

/** Milliseconds since the epoch by kind. */
export type Times = Record<string, number>;

/** Notes the newest time of each kind of data in a batch. */
export class NewestTimes {
  readonly byKind: Times = {};
  private readonly byType = new Map<string, DataAgeRule[]>();

  constructor(
    rules: readonly DataAgeRule[],
    private readonly now = Date.now(),
  ) {
    for (const rule of rules)
      for (const type of rule.types) this.byType.set(type, [...(this.byType.get(type) ?? []), rule]);
  }

  note(resource: Json): void {
    const rules = this.byType.get(resource.resourceType as string);
    if (!rules) return;
    for (const rule of rules) {
      if (rule.where && resource[rule.where.element] !== rule.where.value) continue;
      const known = this.byKind[rule.kind] ?? -Infinity;
      // A kind without any date is noted, too: the load has data of it.
      this.byKind[rule.kind] = Math.max(known, this.newestOf(resource, rule.dates));
    }
  }

  /**
   * Milliseconds of a date or time; NaN for a time in the future, which is no time of a decision. A date
   * counts as noon in UTC: from Samoa to Guam that is an hour of the same day, and midnight in UTC is the
   * evening before.
   */
  private timeOf(value: string): number {
    const time = Date.parse(value);
    if (!(time <= this.now)) return NaN;
    return value.includes('T') ? time : Math.min(time + 43_200_000, this.now);
  }

  private newestOf(resource: Json, elements: readonly string[]): number {
    let newest = -Infinity;
    const add = (value: unknown) => {
      const time = typeof value === 'string' ? this.timeOf(value) : NaN;
      if (time > newest) newest = time;
    };
    add((resource.meta as Json | undefined)?.lastUpdated);
    for (const element of elements) {
      const value = resource[element];
      if (typeof value === 'object' && value !== null) {
        add((value as Json).start);
        add((value as Json).end);
      } else add(value);
    }
    return newest;
  }
}

/** The later times of two. */
export function laterOf(one: Times, other: Times): Times {
  const later = { ...one };
  for (const [kind, time] of Object.entries(other)) later[kind] = Math.max(later[kind] ?? -Infinity, time);
  return later;
}

/**
 * Stores the times of a load that came to its end. An earlier time than the stored one changes nothing.
 * @param newest of the resources; -Infinity for a kind without a date
 * @param completeTo the times to which the source declared its data complete
 */
export async function recordDataAge(client: PoolClient, newest: Times, completeTo: Times): Promise<void> {
  const kinds = [...new Set([...Object.keys(newest), ...Object.keys(completeTo)])];
  if (kinds.length === 0) return;
  const timesOf = (times: Times) =>
    kinds.map((kind) => (Number.isFinite(times[kind]) ? new Date(times[kind]!) : null));
  await client.query(
    `INSERT INTO data_freshness AS known (kind, newest, complete_to, loaded_at)
     SELECT kind, newest, complete_to, now()
     FROM unnest($1::text[], $2::timestamptz[], $3::timestamptz[]) AS given (kind, newest, complete_to)
     ON CONFLICT (kind) DO UPDATE SET newest = greatest(known.newest, excluded.newest),
       complete_to = greatest(known.complete_to, excluded.complete_to), loaded_at = excluded.loaded_at`,
    [kinds, timesOf(newest), timesOf(completeTo)],
  );
}

/** The newest data of a kind in the store. */
export interface StoredDataAge {
  kind: string;
  /** Time of the newest data; null when no resource of the kind has a date. */
  newest: Date | null;
  /** The time to which the source declared its data complete; null when it declared nothing. */
  completeTo: Date | null;
  /** End of the last load with data of the kind. */
  loadedAt: Date;
}

export async function listDataAges(pool: Pool): Promise<StoredDataAge[]> {
  const { rows } = await pool.query<StoredDataAge>(
    `SELECT kind, newest, complete_to AS "completeTo", loaded_at AS "loadedAt" FROM data_freshness ORDER BY kind`,
  );
  return rows;
}

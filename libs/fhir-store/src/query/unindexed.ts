import type { Pool } from 'pg';
import { unindexedParameters } from '../index/recorded-rules.js';
import type { Filter, Search } from './filter.js';

/**
 * Milliseconds after which the parameters are read again: indexing may have ended, or a new release may have
 * started.
 */
const staleAfter = 10_000;

/** The search parameters by which the stored resources are not indexed yet. */
export class Unindexed {
  private parameters: ReadonlySet<string> = new Set();
  private readAt = -Infinity;
  private first: Promise<void> | undefined;

  constructor(private readonly pool: Pool) {}

  /** The parameters of a search, as `Type?code`, whose answer may lack resources. */
  async of({ type, filters }: Search): Promise<string[]> {
    if (filters.length === 0) return [];
    const isStale = Date.now() - this.readAt > staleAfter;
    // Only the first searches wait for this statement. Later searches use the last result.
    if (this.first && isStale) void this.read();
    await (this.first ??= this.read());
    if (this.parameters.size === 0) return [];
    const asked = new Set(filters.flatMap((filter) => parametersOf(type, filter)));
    return [...asked].filter((one) => this.parameters.has(one));
  }

  /** A failure of the database changes nothing, because the search itself will fail. */
  private async read(): Promise<void> {
    this.readAt = Date.now();
    const found = await unindexedParameters(this.pool).catch(() => undefined);
    if (found) this.parameters = new Set(found);
  }
}

/** The parameters by which a filter finds resources, as `Type?code`. @param type that the filter is about */
function parametersOf(type: string, filter: Filter): string[] {
  const { code } = filter.definition;
  switch (filter.kind) {
    case 'value':
      return [`${type}?${code}`];
    case 'chain':
      return [`${type}?${code}`, ...filter.targets.flatMap((one) => parametersOf(one.type, one.filter))];
    case 'has':
      return [`${filter.type}?${code}`, ...parametersOf(filter.type, filter.filter)];
  }
}

import type { Pool } from 'pg';
import type { Access } from './access.js';
import type { Searchset } from './bundle/searchset.js';
import { capabilitiesFor, type TypeCapabilities } from './capabilities.js';
import type { Database, Text } from './postgres/database.js';
import { take } from './postgres/take.js';
import type { ReadRow } from './query/combined-reads.js';
import { refuseTooManyValues } from './query/cost.js';
import { Cursors } from './query/cursor.js';
import type { EverythingRequest } from './query/everything.js';
import { Histories, type History, type HistoryRequest } from './query/history.js';
import { Reader } from './query/read.js';
import { readBinary, type StoredBinary } from './query/read-binary.js';
import { Searcher, type SearchLimits, type SearchRequest } from './query/search.js';

export interface StoredResource {
  /** The JSON as it is stored. */
  json: Text;
  versionId: string;
  lastUpdated: Date;
}

export interface Repository {
  /** The resource; undefined when the store does not have it, or the access does not reach it. */
  read(wanted: { type: string; id: string; access: Access }): Promise<StoredResource | undefined>;
  /**
   * A version of the resource, the current one or one that the loader kept; undefined when the store does not
   * have it, or the access does not reach it.
   */
  readVersion(wanted: {
    type: string;
    id: string;
    version: number;
    access: Access;
  }): Promise<StoredResource | undefined>;
  /**
   * A page of the versions of a resource, as far as the loader kept them; undefined as of {@link read}.
   * @throws FhirError
   */
  history(request: HistoryRequest): Promise<History | undefined>;
  /** The Binary with its content; undefined as of {@link read}. */
  readBinary(wanted: { id: string; access: Access }): Promise<StoredBinary | undefined>;
  /** Whether a resource was deleted that the access reached before. */
  isDeleted(wanted: { type: string; id: string; access: Access }): Promise<boolean>;
  /**
   * Refuses parameters, still encoded, that cost too much whatever they mean.
   * @throws FhirError 400 `too-costly`
   */
  refuseTooManyValues(encoded: string): void;
  /** @throws FhirError */
  search(request: SearchRequest): Promise<Searchset>;
  /**
   * A page of all resources that a patient's access reaches (FHIR R4, Patient/$everything).
   * @throws FhirError
   */
  everything(request: EverythingRequest & Pick<SearchRequest, 'caller' | 'meter'>): Promise<Searchset>;
  /** The capabilities of the store by resource type, for a CapabilityStatement. */
  capabilities(): TypeCapabilities[];
}

export interface RepositoryOptions {
  pool: Pool;
  /** Connections for `read` alone, which may answer many at once. The pool when absent. */
  reads?: Database;
  /** The most reads that share a statement. The default when absent; 1: each read has its own. */
  maxCombinedReads?: number | undefined;
  /** Connections for searches that read few rows. The pool when absent. */
  quickSearches?: Database;
  environment: string;
  /** FHIR base URL, without a trailing slash. */
  baseUrl: string;
  /** Authenticates the cursors in `next` links. */
  cursorKey: string;
  /** Highest cost of a search (see `query/cost.ts`). The default when absent. */
  maxSearchCost?: number;
  /** Limits of searches. None when absent. */
  limits?: SearchLimits;
  /**
   * Sets of types that one access may have together: capabilities offer no reference across them. All types
   * when absent.
   */
  readTogether?: readonly ReadonlySet<string>[];
}

/** Reads and searches the resources of one database, as far as each access allows. */
export function openRepository({
  pool,
  reads,
  maxCombinedReads,
  quickSearches,
  environment,
  baseUrl,
  cursorKey,
  maxSearchCost,
  limits,
  readTogether,
}: RepositoryOptions): Repository {
  const reader = new Reader(reads ?? pool, maxCombinedReads);
  const cursors = new Cursors(cursorKey, environment);
  const histories = new Histories(reader, pool, baseUrl, cursors);
  const searcher = new Searcher(
    { pool, quick: quickSearches ?? pool },
    baseUrl,
    cursors,
    maxSearchCost,
    limits,
  );

  return {
    read: async (wanted) => resourceOf(await reader.read(wanted)),
    readVersion: async (wanted) => resourceOf(await histories.readVersion(wanted)),
    history: (request) => histories.history(request),
    readBinary: (wanted) => readBinary(pool, wanted),
    isDeleted: (wanted) => reader.isDeleted(wanted),
    refuseTooManyValues: (encoded) => refuseTooManyValues(encoded, maxSearchCost),
    search: (request) => searcher.search(request),
    everything: (request) => searcher.everything(request),
    capabilities: () => capabilitiesFor(readTogether),
  };
}

const resourceOf = (row: ReadRow | undefined): StoredResource | undefined =>
  row && { json: take(row, 'json'), versionId: String(row.version), lastUpdated: row.last_updated };

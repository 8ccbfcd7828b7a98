import type { Pool } from 'pg';
import type { Access } from './access.js';
import type { Searchset } from './bundle/searchset.js';
import { capabilitiesFor, type TypeCapabilities } from './capabilities.js';
import { isCompartmentType } from './definitions/definitions.js';
import { hasNoLabelSql, isVisibleSql, labelsOfOneRowSql, labelsSql, labelsText } from './index/labels.js';
import { textAsBytes } from './postgres/bytes-client.js';
import type { Database, Text } from './postgres/database.js';
import { refuseTooManyValues } from './query/cost.js';
import { Cursors } from './query/cursor.js';
import type { EverythingRequest } from './query/everything.js';
import { readBinary, type StoredBinary } from './query/read-binary.js';
import { Searcher, type SearchLimits, type SearchRequest } from './query/search.js';
import { pointedTo } from './query/visible-rows.js';

export interface StoredResource {
  /** The JSON as it is stored. */
  json: Text;
  versionId: string;
  lastUpdated: Date;
}

export interface Repository {
  /** The resource; undefined when the store does not have it, or the access does not reach it. */
  read(wanted: { type: string; id: string; access: Access }): Promise<StoredResource | undefined>;
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

const columns = 'body AS json, version, last_updated';

interface ReadRow {
  json: Text;
  version: number;
  last_updated: Date;
}

/** Reads and searches the resources of one database, as far as each access allows. */
export function openRepository({
  pool,
  reads,
  quickSearches,
  environment,
  baseUrl,
  cursorKey,
  maxSearchCost,
  limits,
  readTogether,
}: RepositoryOptions): Repository {
  const readConnection: Database = reads ?? pool;
  const searcher = new Searcher(
    { pool, quick: quickSearches ?? pool },
    baseUrl,
    new Cursors(cursorKey, environment),
    maxSearchCost,
    limits,
  );

  return {
    async read({ type, id, access }) {
      if (!isReadable(type, access)) return undefined;
      const { rows } = await readConnection.query<ReadRow>({
        ...readStatement(type, id, access),
        types: textAsBytes,
      });
      const [row] = rows;
      return row && { json: row.json, versionId: String(row.version), lastUpdated: row.last_updated };
    },
    readBinary: (wanted) => readBinary(pool, wanted),
    async isDeleted({ type, id, access }) {
      if (!isReadable(type, access)) return false;
      const { rows } = await readConnection.query(deletedStatement(type, id, access));
      return rows.length > 0;
    },
    refuseTooManyValues: (encoded) => refuseTooManyValues(encoded, maxSearchCost),
    search: (request) => searcher.search(request),
    everything: (request) => searcher.everything(request),
    capabilities: () => capabilitiesFor(readTogether),
  };
}

/** Without a patient there is no compartment. */
const isReadable = (type: string, { patient, types }: Access): boolean =>
  types.has(type) && (patient !== undefined || !isCompartmentType(type));

const noLabels: readonly string[] = [];
const labels = labelsSql('$3');
const labelsOfOneRow = labelsOfOneRowSql('$3');
const selectShared = selectFrom('shared_resource', hasNoLabelSql('r', labelsOfOneRow));

/** The texts of the statements by their names: a text takes longer to build than to send. */
const texts = new Map<string, string>();

/**
 * A statement about one resource: `$1` is the type, `$2` the id, `$3` the withheld labels, `$4` the patient.
 * @param build gives the text, which the name alone decides
 */
function statementOf(name: string, build: () => string, type: string, id: string, access: Access) {
  const { patient, withheld = noLabels } = access;
  let text = texts.get(name);
  if (text === undefined) texts.set(name, (text = build()));
  const values = [type, id, labelsText(withheld)];
  if (patient !== undefined) values.push(patient);
  return { name, text, values };
}

function selectFrom(table: string, condition: string): string {
  return `SELECT ${columns} FROM ${table} r WHERE r.type = $1 AND r.id = $2 AND ${condition}`;
}

function readStatement(type: string, id: string, access: Access) {
  const statement = (name: string, build: () => string) => statementOf(name, build, type, id, access);
  if (access.patient === undefined) return statement('read-shared', () => selectShared);
  if (type === 'Provenance') return statement('read-provenance', () => selectMember(type, labels));
  if (isCompartmentType(type)) return statement('read-member', () => selectMember(type, labelsOfOneRow));
  const isPartly = access.withheld !== undefined && access.withheld.length > 0;
  return statement(`read-pointed-to-${type}${isPartly ? '-visibly' : ''}`, () => {
    const pointers = pointedTo(type, '$4', isPartly ? labels : undefined);
    return `${selectShared} AND r.id = ANY(ARRAY(${pointers}))`;
  });
}

const selectMember = (type: string, withheld: string) =>
  selectFrom('member_resource', `r.patient = $4 AND ${isVisibleSql('r', [type], '$4', withheld)}`);

/** Finds a deleted resource that the access reached before it was deleted. */
function deletedStatement(type: string, id: string, access: Access) {
  const text = `SELECT version FROM deleted_resource r
    WHERE r.type = $1 AND r.id = $2 AND (r.labels IS NULL OR NOT r.labels && ${labelsOfOneRow})`;
  const statement = (name: string, condition: () => string) =>
    statementOf(name, () => `${text}${condition()}`, type, id, access);
  if (access.patient === undefined) return statement('deleted-shared', () => '');
  return isCompartmentType(type)
    ? statement('deleted-member', () => ' AND $4 = ANY(r.patients)')
    : statement(
        `deleted-pointed-to-${type}`,
        () => ` AND r.id = ANY(ARRAY(${pointedTo(type, '$4', labels)}))`,
      );
}

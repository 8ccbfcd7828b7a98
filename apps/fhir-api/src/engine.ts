import type { Pool } from 'pg';
import {
  patientCompartmentTypes,
  plans,
  resourceTypes,
  resourceTypesOfPlan,
  type ResourceType,
} from '@payer/smart';
import { definitions, typeDefinition, type SearchParameterType } from './definitions/definitions.js';
import type { Reader } from './reader.js';
import { refuseTooManyValues } from './search/cost.js';
import { Cursors } from './search/cursor.js';
import type { Database, Text } from './search/database.js';
import { Searcher, type SearchLimits, type Searchset, type SearchRequest } from './search/search.js';
import { pointedTo } from './search/sql.js';
import { textAsBytes } from './store/bytes-client.js';
import { AddSearchKeys1764000000101 } from './store/add-search-keys.migration.js';
import { IndexContained1764000000300 } from './store/contained.migration.js';
import { IndexContainers1764000000303 } from './store/containers.migration.js';
import { CreateStore1764000000100 } from './store/create-store.migration.js';
import { KeepDeletedOwners1764000000302 } from './store/deleted-owners.migration.js';
import { DropPositionIndex1764000000201 } from './store/drop-position-index.migration.js';
import { LoadAnyOrder1764000000200 } from './store/load-any-order.migration.js';
import { LimitNameWords1764000000202 } from './store/name-words.migration.js';
import { IndexPlaces1764000000103 } from './store/places.migration.js';
import { CreateSharedReferences1764000000301 } from './store/shared-references.migration.js';
import { CreateSharedStrings1764000000102 } from './store/shared-strings.migration.js';

export { FhirError } from './fhir-error.js';
export type { Reader } from './reader.js';

/** Migrations of an environment's FHIR database. */
/** The tables of the store: the loader writes them. */
export const storeTables = [
  'member_resource',
  'member_reference',
  'shared_resource',
  'shared_reference',
  'shared_string',
  'waiting_resource',
  'owner_reference',
  'deleted_resource',
];

export const storeMigrations = [
  CreateStore1764000000100,
  AddSearchKeys1764000000101,
  CreateSharedStrings1764000000102,
  IndexPlaces1764000000103,
  LoadAnyOrder1764000000200,
  DropPositionIndex1764000000201,
  LimitNameWords1764000000202,
  IndexContained1764000000300,
  CreateSharedReferences1764000000301,
  KeepDeletedOwners1764000000302,
  IndexContainers1764000000303,
];

export interface StoredResource {
  /** The JSON as it is stored. */
  json: Text;
  versionId: string;
  lastUpdated: Date;
}

export interface Engine {
  /** The resource, or undefined when it is not there or the reader may not see it. */
  read(wanted: { type: string; id: string; reader: Reader }): Promise<StoredResource | undefined>;
  /** Whether what is not there was deleted, as far as the reader may know. */
  isDeleted(wanted: { type: string; id: string; reader: Reader }): Promise<boolean>;
  /** Refuses parameters, still encoded, that cost too much whatever they mean. @throws FhirError 400 `too-costly` */
  refuseTooManyValues(encoded: string): void;
  /** @throws FhirError */
  search(request: SearchRequest): Promise<Searchset>;
  /** What the server can do, by resource type, for the CapabilityStatement. */
  capabilities(): {
    type: ResourceType;
    profiles: string[];
    searchInclude: string[];
    searchRevInclude: string[];
    searchParam: { name: string; definition: string; type: SearchParameterType; documentation?: string }[];
    /** Parameters that a guide requires to be usable together; any others are, too. */
    combinations: string[][];
  }[];
}

export interface EngineOptions {
  pool: Pool;
  /** Connections for `read` alone, which may answer many at once; the pool when absent. */
  reads?: Database;
  /** The same for searches that are known to read few rows. */
  quickSearches?: Database;
  environment: string;
  /** FHIR base URL, without a trailing slash. */
  baseUrl: string;
  /** Authenticates the cursors in `next` links. */
  cursorKey: string;
  /** What a search may cost (see `search/cost.ts`); the default when absent. */
  maxSearchCost?: number;
  /** Limits of searches; none when absent. */
  limits?: SearchLimits;
}

const compartment = new Set<string>(patientCompartmentTypes);
const columns = 'body AS json, version, last_updated';

interface ReadRow {
  json: Text;
  version: number;
  last_updated: Date;
}

/** The FHIR engine of one environment: reads and searches what its database holds, as far as the reader may see it. */
export function openEngine({
  pool,
  reads,
  quickSearches,
  environment,
  baseUrl,
  cursorKey,
  maxSearchCost,
  limits,
}: EngineOptions): Engine {
  const readConnection: Database = reads ?? pool;
  const searcher = new Searcher(
    { pool, quick: quickSearches ?? pool },
    baseUrl,
    new Cursors(cursorKey, environment),
    maxSearchCost,
    limits,
  );

  return {
    async read({ type, id, reader }) {
      if (!resourceTypesOfPlan[reader.plan].has(type)) return undefined;
      const { rows } = await readConnection.query<ReadRow>({
        ...readStatement(type, id, reader),
        types: textAsBytes,
      });
      const [row] = rows;
      return row && { json: row.json, versionId: String(row.version), lastUpdated: row.last_updated };
    },
    async isDeleted({ type, id, reader }) {
      if (!resourceTypesOfPlan[reader.plan].has(type)) return false;
      const { rows } = await readConnection.query(deletedStatement(type, id, reader));
      return rows.length > 0;
    },
    refuseTooManyValues: (encoded) => refuseTooManyValues(encoded, maxSearchCost),
    search: (request) => searcher.search(request),
    capabilities: () => capabilities,
  };
}

function readStatement(type: string, id: string, reader: Reader) {
  if (reader.plan === 'provider-directory')
    return {
      name: 'read-shared',
      text: `SELECT ${columns} FROM shared_resource WHERE type = $1 AND id = $2`,
      values: [type, id],
    };
  if (compartment.has(type))
    return {
      name: 'read-member',
      text: `SELECT ${columns} FROM member_resource WHERE patient = $1 AND type = $2 AND id = $3`,
      values: [reader.patient, type, id],
    };
  return {
    name: `read-pointed-to-${type}`,
    text: `SELECT ${columns} FROM shared_resource WHERE type = '${type}' AND id = $2 AND id = ANY(ARRAY(${pointedTo(type, '$1')}))`,
    values: [reader.patient, id],
  };
}

/** Of what the reader could read before it was deleted. */
function deletedStatement(type: string, id: string, reader: Reader) {
  const text = 'SELECT version FROM deleted_resource WHERE type = $1 AND id = $2';
  if (reader.plan === 'provider-directory') return { name: 'deleted-shared', text, values: [type, id] };
  const values = [type, id, reader.patient];
  return compartment.has(type)
    ? { name: 'deleted-member', text: `${text} AND $3 = ANY(patients)`, values }
    : {
        name: `deleted-pointed-to-${type}`,
        text: `${text} AND id = ANY(ARRAY(${pointedTo(type, '$3')}))`,
        values,
      };
}

/** Whether one token may read both, so that one of them can be included with the other. */
const areReadTogether = (one: string, other: string): boolean =>
  plans.some((plan) => resourceTypesOfPlan[plan].has(one) && resourceTypesOfPlan[plan].has(other));

/** What the definitions say, the same in every environment. */
export const capabilities: ReturnType<Engine['capabilities']> = resourceTypes
  .filter((type) => Object.hasOwn(definitions.types, type))
  .map((type) => {
    const { profiles, parameters, combinations, includes, revincludes } = typeDefinition(type);
    const references = Object.values(parameters).filter(({ targets = [] }) =>
      targets.some((target) => areReadTogether(type, target)),
    );
    // What a guide lists is said as the guide says it, too: `Type:code:Target`, `Type:*`.
    const and = (own: readonly string[], guides: readonly string[]) => [...new Set([...own, ...guides])];
    return {
      type,
      profiles,
      searchInclude: and(['*', ...references.map(({ code }) => `${type}:${code}`)], includes),
      searchRevInclude: and(
        [
          '*',
          ...resourceTypes
            .filter((source) => areReadTogether(source, type))
            .flatMap((source) =>
              Object.values(definitions.types[source]?.parameters ?? {})
                .filter(({ targets }) => targets?.includes(type))
                .map(({ code }) => `${source}:${code}`),
            ),
        ],
        revincludes,
      ),
      searchParam: Object.values(parameters).map(({ code, url, type: kind, description }) => ({
        name: code,
        definition: url,
        type: kind,
        ...(description ? { documentation: description } : {}),
      })),
      combinations,
    };
  });

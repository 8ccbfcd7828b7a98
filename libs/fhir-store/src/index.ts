export type { Access } from './access.js';
export { prettyJson } from './bundle/json-members.js';
export { subset } from './bundle/subset.js';
export { capabilitiesFor, type TypeCapabilities } from './capabilities.js';
export { badParameter, FhirError } from './fhir-error.js';
export { dateRange } from './parameters/date-range.js';
export { BytesClient } from './postgres/bytes-client.js';
export type { Database, Text } from './postgres/database.js';
export { PipelinedReads } from './postgres/pipelined-connection.js';
export { defaultMaxCost } from './query/cost.js';
export { Meter, type Limit } from './query/meter.js';
export {
  defaultCount,
  elementNames,
  maximumCount,
  parseSearch,
  summaries,
  type Summary,
} from './query/parse.js';
export type { SearchLimits, SearchRequest, Searchset } from './query/search.js';
export {
  openRepository,
  type Repository,
  type RepositoryOptions,
  type StoredResource,
} from './repository.js';

export type { Access } from './access.js';
export { prettyJson } from './json/pretty.js';
export type { Searchset } from './bundle/searchset.js';
export { elementNames, subset, summaries, type Subset, type Summary } from './bundle/subset.js';
export { capabilitiesFor, type TypeCapabilities } from './capabilities.js';
export { badParameter, FhirError } from './fhir-error.js';
export { codeToken } from './index/code-token.js';
export { unindexedParameters } from './index/recorded-rules.js';
export { dateRange } from './parameters/date-range.js';
export { BytesClient } from './postgres/bytes-client.js';
export type { Database, Text } from './postgres/database.js';
export { take } from './postgres/take.js';
export { PipelinedReads, plannedOnce } from './postgres/pipelined-connection.js';
export { defaultMaxCost } from './query/cost.js';
export { defaultCount, maximumCount, parseCount } from './query/count.js';
export type { Limit } from './query/concurrency-limit.js';
export type { History, HistoryRequest } from './query/history.js';
export { Meter } from './query/meter.js';
export { parseSearch } from './query/parse-search.js';
export type { StoredBinary } from './query/read-binary.js';
export type { SearchLimits, SearchRequest } from './query/search.js';
export type { ReplicaState } from './postgres/replica-watch.js';
export { ReadReplicas, type ReadReplicasOptions } from './read-replicas.js';
export {
  openRepository,
  type Repository,
  type RepositoryOptions,
  type StoredResource,
} from './repository.js';

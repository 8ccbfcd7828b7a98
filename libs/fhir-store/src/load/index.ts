export { check, type CheckOptions, type CheckReport } from './check.js';
export { load, type LoadOptions, type LoadReport, type Progress } from './load.js';
export { refusalKinds, type RefusalKind, type RefusedEntry } from './refusal.js';
export { reindex, type ReindexOptions, type ReindexReport } from './reindex.js';
export { listRuns, recordRun, type LoadRun } from './runs.js';
export type { AbsentResources, SnapshotHeld, SnapshotOptions } from './snapshot.js';
export { totalBytes, type ReadFile } from './sources.js';
export { dropWaiting, listWaiting, type WaitingResource } from './waiting.js';
export type { StructureFinding } from '../structure/findings.js';

export { load, type LoadOptions, type LoadReport, type Progress } from './load.js';
export { reindex, type ReindexOptions, type ReindexReport } from './reindex.js';
export { totalBytes } from './sources.js';

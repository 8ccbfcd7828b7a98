export { ExportSnapshot, type ExportedResource, type Part } from './snapshot.js';

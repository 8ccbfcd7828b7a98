export { freePort, isFree } from '@payer/processes';
export * from './backup.js';
export * from './binaries.js';
export * from './server.js';

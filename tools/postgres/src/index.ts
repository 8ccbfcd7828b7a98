export * from './backup.js';
export * from './binaries.js';
export * from './server.js';

export * from './binaries.js';
export * from './server.js';

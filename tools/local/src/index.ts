export * from './services.js';
export * from './system.js';

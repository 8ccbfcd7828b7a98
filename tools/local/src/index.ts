export * from './front.js';
export * from './services.js';
export * from './system.js';

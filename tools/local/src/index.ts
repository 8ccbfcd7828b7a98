export * from './front.js';
export * from './service-keys.js';
export * from './services.js';
export * from './system.js';

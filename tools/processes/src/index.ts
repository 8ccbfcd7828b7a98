export * from './end-with-us.js';
export * from './stop-on-signals.js';
export * from './ports.js';
export * from './usage.js';

export * from './addresses.js';
export * from './agree.js';
export * from './app.js';
export * from './browser.js';
export * from './journey.js';
export * from './portal.js';

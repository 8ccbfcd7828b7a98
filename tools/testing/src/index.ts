export * from './fact-database.js';
export * from './owners.js';
export * from './postgres.js';
export * from './wait.js';
export * from './raw-http.js';

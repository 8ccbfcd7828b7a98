export * from './answer-claims.js';
export * from './fact-database.js';
export * from './owners.js';
export * from './postgres.js';
export * from './raw-http.js';
export * from './scenario.js';
export * from './simulated-network.js';
export * from './wait.js';

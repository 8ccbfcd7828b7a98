export * from './start-kafka.js';

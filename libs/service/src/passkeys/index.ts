export * from './challenges.js';
export * from './credentials.js';
export * from './relying-party.js';
export * from './verify.js';
export * from './webauthn.js';

export * from './certificate.js';
export * from './identity-provider.js';
export * from './response.js';

export * from './certificate.js';
export * from './encrypt.js';
export * from './identity-provider.js';
export * from './logout.js';
export * from './response.js';

export * from './app-heading.js';
export * from './confirm-button.js';
export * from './instant.js';
export * from './language-cookie.js';
export * from './language-switch.js';
export * from './member-page.js';
export * from './member-script.js';

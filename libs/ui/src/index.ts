export * from './display.js';
export * from './forms.js';
export * from './page.js';
export * from './render.js';
export { stylesheet } from './stylesheet.js';

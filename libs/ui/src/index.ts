export * from './brand/brand.js';
export * from './display.js';
export * from './forms.js';
export * from './member/index.js';
export * from './page.js';
export * from './render.js';
export { stylesheet } from './stylesheet.js';
export * from './texts/choose-language.js';
export * from './texts/texts.js';

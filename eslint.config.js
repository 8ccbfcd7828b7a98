// ESLint looks for its configuration here. `npm run lint` installs its packages.
export { default } from './tools/lint/eslint.config.js';

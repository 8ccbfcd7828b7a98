/**
 * The options with which SWC compiles our TypeScript for Node.js, for the tests and for `npm start`: those of
 * `tsconfig.base.json`, with the metadata of decorators. SWC checks no types; `npm run lint` and `npm run
 * build` do.
 */
export const swcOptions = {
  jsc: {
    target: 'es2023',
    parser: { syntax: 'typescript', tsx: true, decorators: true },
    transform: {
      legacyDecorator: true,
      decoratorMetadata: true,
      useDefineForClassFields: false,
      react: { runtime: 'automatic', importSource: 'preact' },
    },
  },
  module: { type: 'es6' },
};

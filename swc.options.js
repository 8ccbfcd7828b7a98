/**
 * How SWC turns our TypeScript into what Node.js runs, for the tests and for `npm start`: the same as `tsconfig.base.json`, with the
 * decorators' metadata. SWC checks no types; `npm run lint` and `npm run build` do.
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

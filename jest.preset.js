import { swcOptions } from './swc.options.js';

/** One Jest set-up for every project: TypeScript sources of the workspace, as ES modules, through SWC. */
export default {
  testEnvironment: 'node',
  testEnvironmentOptions: { customExportConditions: ['source', 'node', 'node-addons'] },
  rootDir: 'src',
  testMatch: ['**/*.spec.ts', '**/*.spec.tsx'],
  passWithNoTests: true,
  extensionsToTreatAsEsm: ['.ts', '.tsx'],
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': ['$1.ts', '$1.tsx', '$1.js'] },
  transform: {
    '\\.tsx?$': ['@swc/jest', swcOptions],
  },
  testTimeout: 30_000,
  forceExit: true,
};

import { resolve } from 'node:path';
import prettier from 'eslint-config-prettier';
import tseslint from 'typescript-eslint';

const root = resolve(import.meta.dirname, '../..');

const apps = ['@payer/auth-server', '@payer/registration', '@payer/consent', '@payer/fhir-api'];
const tools = [
  'bench',
  'fuzz',
  'journey',
  'kafka',
  'local',
  'postgres',
  'processes',
  'storm',
  'synthetic',
  'testing',
].map((name) => `@payer/${name}`);

/** Forbids folders of the same service, from each depth of the importing folder. */
const inside = (...folders) => [
  ...[...apps, ...tools],
  ...folders.flatMap((name) => [`../${name}/*`, `../../${name}/*`]),
];

/**
 * Imports run one way: apps → libs/ui, libs/fhir-store, libs/service → libs/events → libs/smart.
 * libs/fhir-store imports none of the others, and no app imports another. A row lists the imports that the
 * files of a folder must not have. `boundaries.test.mjs` tries forbidden imports.
 */
const forbiddenImports = {
  'libs/smart': ['@payer/*', '@nestjs/*', 'typeorm', 'fastify', 'pg', 'preact'],
  'libs/events': ['@payer/service', '@payer/ui', '@payer/fhir-store', ...apps, ...tools],
  'libs/ui': ['@payer/*', '!@payer/smart', '@nestjs/*', 'typeorm', 'fastify', 'pg'],
  'libs/fhir-store': ['@payer/*', '@nestjs/*', 'fastify', 'preact'],
  'libs/service': ['@payer/ui', '@payer/fhir-store', ...apps, ...tools],
  apps: [...apps, ...tools],
  // A tool speaks to a service over HTTP or starts its process. Only processes, postgres and kafka lie below
  // the other tools.
  tools: apps,
  'tools/processes': ['@payer/*'],
  'tools/postgres': ['@payer/*', '!@payer/processes'],
  'tools/kafka': ['@payer/*', '!@payer/processes'],
  'tools/synthetic': ['@payer/*', '!@payer/smart'],
  'tools/testing': ['@payer/*', '!@payer/smart', '!@payer/postgres'],
  // Inside a service, rules know nothing of the routes and pages that use them.
  'apps/fhir-api/src/gateway': inside('rest', 'metadata'),
  'apps/fhir-api/src/revocations': inside('rest', 'gateway'),
  'apps/fhir-api/src/apps': inside('rest', 'gateway'),
  'apps/auth-server/src/authorization/checks': inside('engine', 'sign-in'),
  'apps/auth-server/src/client-authentication': inside('engine', 'tokens'),
  'apps/auth-server/src/engine': inside(
    ...['consent', 'interactions', 'sign-in', 'sign-out', 'tokens', 'member-providers'],
  ),
  'apps/auth-server/src/grants': inside('engine', 'tokens', 'consent'),
  'apps/consent/src/grants': inside('consent-screen', 'connected-apps'),
  'apps/registration/src/mail': inside('developers', 'apps'),
  'libs/service/src/config': ['@payer/ui', '@payer/fhir-store', ...apps, ...tools, '../*/*'],
};

export const boundaries = Object.entries(forbiddenImports).map(([folder, patterns]) => ({
  files: [`${folder}/**/*.{ts,tsx}`],
  ignores: ['**/*.spec.{ts,tsx}', '**/*.suite.ts', '**/testing/**'],
  rules: {
    '@typescript-eslint/no-restricted-imports': [
      'error',
      {
        patterns: [
          {
            group: patterns,
            message: `${folder} must not import this: see "Imports run one way" in docs/architecture.md.`,
          },
          {
            group: ['**/apps/*/src/**', '**/libs/*/src/**', '@payer/*/dist/*', '@payer/*/src/*'],
            message: 'Import a library by its package name.',
          },
        ],
      },
    ],
  },
}));

/** A reader finds the consumers of events by their file names. */
export const consumers = {
  files: ['{apps,libs}/*/src/**/*.ts'],
  ignores: ['**/*.events.ts', '**/*.spec.ts', '**/testing/**'],
  rules: {
    'no-restricted-syntax': [
      'error',
      {
        selector: 'Decorator[expression.callee.name=EventPattern]',
        message: 'A consumer of events belongs in a file *.events.ts.',
      },
    ],
  },
};

export default tseslint.config(
  { ignores: ['**/dist/**', '**/node_modules/**', '.data/**', '.nx/**', 'tools/validator/target/**'] },
  {
    files: ['**/*.{ts,tsx}'],
    extends: [...tseslint.configs.recommended],
    languageOptions: {
      parserOptions: {
        project: ['./tsconfig.check.json', './tools/third-party/tsconfig.json'],
        tsconfigRootDir: root,
      },
    },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': ['error', { checksVoidReturn: false }],
      '@typescript-eslint/await-thenable': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      '@typescript-eslint/no-unused-vars': [
        'error',
        { argsIgnorePattern: '^_', varsIgnorePattern: '^_', ignoreRestSiblings: true },
      ],
      '@typescript-eslint/no-empty-function': 'off',
      eqeqeq: 'error',
      'no-console': 'error',
    },
  },
  {
    files: [
      ...['tools/**/*.ts', '**/load/**/*.ts', '**/migrate.ts', '**/import.ts', '**/import-roster.ts'],
      ...['**/bulk-publish/main.ts', '**/directory-quality/main.ts'],
    ],
    rules: { 'no-console': 'off' },
  },
  ...boundaries,
  consumers,
  prettier,
);

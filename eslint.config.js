import prettier from 'eslint-config-prettier';
import tseslint from 'typescript-eslint';

/**
 * Imports run one way: apps → libs/ui, libs/fhir-store, libs/service → libs/events → libs/smart. libs/fhir-store imports none of
 * the others, and no app imports another. A row lists what the files of a folder must not import.
 */
const forbiddenImports = {
  'libs/smart': ['@payer/*', '@nestjs/*', 'typeorm', 'fastify', 'pg', 'preact'],
  'libs/events': [
    '@payer/service',
    '@payer/ui',
    '@payer/auth-server',
    '@payer/registration',
    '@payer/consent',
    '@payer/fhir-api',
  ],
  'libs/ui': ['@payer/*', '@nestjs/*', 'typeorm', 'fastify', 'pg'],
  'libs/fhir-store': ['@payer/*', '@nestjs/*', 'fastify', 'preact'],
  'libs/service': [
    '@payer/ui',
    '@payer/auth-server',
    '@payer/registration',
    '@payer/consent',
    '@payer/fhir-api',
  ],
  apps: [
    '@payer/auth-server',
    '@payer/registration',
    '@payer/consent',
    '@payer/fhir-api',
    '@payer/local',
    '@payer/journey',
  ],
};

const boundaries = Object.entries(forbiddenImports).map(([folder, patterns]) => ({
  files: [`${folder}/**/*.{ts,tsx}`],
  ignores: ['**/*.spec.ts', '**/*.spec.tsx', 'libs/fhir-store/src/testing/**'],
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

export default tseslint.config(
  { ignores: ['**/dist/**', '**/node_modules/**', '.data/**', '.nx/**', 'tools/validator/target/**'] },
  {
    files: ['**/*.{ts,tsx}'],
    extends: [...tseslint.configs.recommended],
    languageOptions: {
      parserOptions: { project: './tsconfig.check.json', tsconfigRootDir: import.meta.dirname },
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
    files: ['tools/**/*.ts', '**/load/**/*.ts', '**/migrate.ts', '**/import.ts'],
    rules: { 'no-console': 'off' },
  },
  ...boundaries,
  prettier,
);

import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Linter } from 'eslint';
import tseslint from 'typescript-eslint';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../..', import.meta.url));

interface Boundary {
  files: string[];
  ignores: string[];
  rules: Linter.RulesRecord;
}

const { boundaries } = (await import(join(root, 'eslint.config.js'))) as { boundaries: Boundary[] };
const linter = new Linter({ cwd: root });
const config = boundaries.map((boundary) => ({
  ...boundary,
  plugins: { '@typescript-eslint': tseslint.plugin },
  languageOptions: { parser: tseslint.parser },
})) as Linter.Config[];

/** Number of imports that the boundaries forbid to a file. */
const refused = (file: string, ...imports: string[]) =>
  linter.verify(imports.map((path) => `import '${path}';`).join('\n'), config, { filename: join(root, file) })
    .length;

const namesIn = (group: string) => readdirSync(join(root, group)).filter((name) => !name.startsWith('.'));

describe('The boundaries of imports', () => {
  it('keep every app from every other app, and every tool from every app', () => {
    const apps = namesIn('apps');
    expect(apps.length).toBeGreaterThan(3);
    for (const app of apps) {
      for (const other of apps.filter((name) => name !== app))
        expect([app, other, refused(`apps/${app}/src/any.ts`, `@payer/${other}`)]).toEqual([app, other, 1]);
      for (const tool of namesIn('tools').filter((name) => name !== 'containers' && name !== 'model'))
        expect([tool, app, refused(`tools/${tool}/src/any.ts`, `@payer/${app}`)]).toEqual([tool, app, 1]);
    }
  });

  it('keep every folder that has a row from the imports of that row, at any depth', () => {
    for (const [file, path] of [
      ['apps/auth-server/src/engine/any.ts', '../sign-in/sign-in-page.js'],
      ['apps/auth-server/src/engine/interactions/any.ts', '../../tokens/find-token.js'],
      ['apps/auth-server/src/client-authentication/any.ts', '../engine/providers.js'],
      ['apps/auth-server/src/grants/any.ts', '../consent/consent.controller.js'],
      ['apps/auth-server/src/authorization/checks/any.ts', '../../engine/providers.js'],
      ['apps/consent/src/grants/any.ts', '../consent-screen/consent-page.js'],
      ['apps/fhir-api/src/gateway/any.ts', '../rest/read.js'],
      ['apps/fhir-api/src/revocations/any.ts', '../gateway/gateway.js'],
      ['apps/registration/src/mail/any.ts', '../apps/app-view.js'],
      ['libs/fhir-store/src/query/any.ts', '@payer/smart'],
      ['libs/smart/src/any.ts', 'typeorm'],
      ['libs/service/src/config/any.ts', '../http/problem.js'],
    ] as const)
      expect([file, refused(file, path)]).toEqual([file, 1]);
  });

  it('let a file import its own folder, the folders below it and the libraries', () => {
    expect(
      refused('apps/auth-server/src/engine/any.ts', './claims.js', '../keys/keys.js', '@payer/smart'),
    ).toBe(0);
    expect(refused('apps/fhir-api/src/rest/any.ts', '../gateway/gateway.js', '@payer/fhir-store')).toBe(0);
    expect(refused('tools/journey/src/any.ts', '@payer/postgres', '@payer/testing')).toBe(0);
  });
});

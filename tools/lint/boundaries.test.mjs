import { deepEqual, equal, ok } from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, it } from 'node:test';
import { Linter } from 'eslint';
import tseslint from 'typescript-eslint';
import { boundaries, consumers } from './eslint.config.js';

const root = resolve(import.meta.dirname, '../..');
const linter = new Linter({ cwd: root });
const config = [...boundaries, consumers].map((rule) => ({
  ...rule,
  plugins: { '@typescript-eslint': tseslint.plugin },
  languageOptions: { parser: tseslint.parser },
}));

/** Number of findings in a file with the given text. */
const findings = (file, text) => linter.verify(text, config, { filename: join(root, file) }).length;

/** Number of imports that the boundaries forbid to a file. */
const refused = (file, ...imports) => findings(file, imports.map((path) => `import '${path}';`).join('\n'));

const namesIn = (group) => readdirSync(join(root, group)).filter((name) => !name.startsWith('.'));

describe('The boundaries of imports', () => {
  it('keep every app from every other app, and every tool from every app', () => {
    const apps = namesIn('apps');
    ok(apps.length > 3);
    for (const app of apps) {
      for (const other of apps.filter((name) => name !== app))
        deepEqual([app, other, refused(`apps/${app}/src/any.ts`, `@payer/${other}`)], [app, other, 1]);
      for (const tool of namesIn('tools').filter((name) => name !== 'containers' && name !== 'model'))
        deepEqual([tool, app, refused(`tools/${tool}/src/any.ts`, `@payer/${app}`)], [tool, app, 1]);
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
    ])
      deepEqual([file, refused(file, path)], [file, 1]);
  });

  it('let a file import its own folder, the folders below it and the libraries', () => {
    equal(refused('apps/auth-server/src/engine/any.ts', './claims.js', '../keys/keys.js', '@payer/smart'), 0);
    equal(refused('apps/fhir-api/src/rest/any.ts', '../gateway/gateway.js', '@payer/fhir-store'), 0);
    equal(refused('tools/journey/src/any.ts', '@payer/postgres', '@payer/testing'), 0);
  });
});

describe('The consumers of events', () => {
  it('are in files named *.events.ts', () => {
    const consumer = "class One { @EventPattern('heartbeat') on() {} }";
    equal(findings('apps/consent/src/grants/any.controller.ts', consumer), 1);
    equal(findings('apps/consent/src/grants/any.ts', consumer), 1);
    equal(findings('apps/consent/src/grants/any.events.ts', consumer), 0);
  });
});

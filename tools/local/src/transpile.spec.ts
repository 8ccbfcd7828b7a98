import fs, {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { projectsToRun, transpile } from '../transpile.mjs';
import { repositoryRoot } from './system.js';

describe('what npm start builds', () => {
  let root: string;
  const source = (file: string) => join(root, 'libs/one/src', file);
  const made = (file: string) => readFileSync(join(root, 'libs/one/dist', file), 'utf8');
  const build = () => transpile(root, ['libs/one']);

  beforeAll(() => {
    root = mkdtempSync(join(tmpdir(), 'payer-transpile-'));
    mkdirSync(join(root, 'libs/one/src/testing'), { recursive: true });
    for (const shared of ['node_modules', 'swc.options.js'])
      symlinkSync(join(repositoryRoot, shared), join(root, shared));
    writeFileSync(
      source('service.ts'),
      `import { Store } from './store.js';
import { Injectable } from '@nestjs/common';
@Injectable()
export class Service { constructor(readonly store: Store) {} }\n`,
    );
    writeFileSync(source('store.ts'), 'export class Store {}\n');
    writeFileSync(source('page.tsx'), 'export const page = <p class="x">text</p>;\n');
    writeFileSync(source('store.spec.ts'), 'throw new Error();\n');
    writeFileSync(source('testing/builder.ts'), 'throw new Error();\n');
  });
  afterAll(() => rmSync(root, { recursive: true, force: true }));

  it('is every source but tests, with the metadata that dependency injection needs, and JSX for Preact', async () => {
    expect(await build()).toBe(3);
    expect(made('service.js')).toMatch(
      /"design:paramtypes", \[\s*typeof Store === "undefined" \? Object : Store/,
    );
    expect(made('page.js')).toContain('preact/jsx-runtime');
    expect(() => made('store.spec.js')).toThrow();
    expect(() => made('testing/builder.js')).toThrow();
  });

  it('is made again only where the source is another one, newer or older', async () => {
    expect(await build()).toBe(0);
    for (const [text, seconds] of [
      ['changed', 5],
      ['restored', -3600],
    ] as const) {
      writeFileSync(source('store.ts'), `export class Store { readonly ${text} = true; }\n`);
      const time = new Date(Date.now() + seconds * 1000);
      utimesSync(source('store.ts'), time, time);
      expect(await build()).toBe(1);
      expect(made('store.js')).toContain(text);
      expect(await build()).toBe(0);
    }
  });

  it('loses what has no source any more', async () => {
    writeFileSync(source('moved.ts'), 'export const moved = true;\n');
    await build();
    expect(made('moved.js')).toContain('moved');
    rmSync(source('moved.ts'));
    await build();
    expect(() => made('moved.js')).toThrow();
    expect(made('page.js')).toContain('preact');
  });

  it('is built though another program removes the same file at the same time', async () => {
    const orphan = join(root, 'libs/one/dist/orphan.js');
    writeFileSync(orphan, '');
    const { readdirSync } = fs;
    const listing = vi.spyOn(fs, 'readdirSync').mockImplementation(((...given: [string, object]) => {
      const names = readdirSync(...given);
      if (given[0] === dirname(orphan)) rmSync(orphan);
      return names;
    }) as never);
    syncBuiltinESMExports();
    try {
      expect(await build()).toBe(0);
      expect(listing).toHaveBeenCalled();
      expect(() => made('orphan.js')).toThrow();
    } finally {
      listing.mockRestore();
      syncBuiltinESMExports();
    }
  });

  it('stops at a source that cannot be read, and says which', async () => {
    writeFileSync(source('broken.ts'), 'export const = ;\n');
    await expect(build()).rejects.toThrow(/broken\.ts/);
    rmSync(source('broken.ts'));
  });

  it('are the four services with what they depend on, and not bench, storm or journey', () => {
    const { starters, services } = projectsToRun(repositoryRoot);
    const all = [...starters, ...services];
    for (const folder of [
      'apps/auth-server',
      'apps/registration',
      'apps/consent',
      'apps/fhir-api',
      'libs/ui',
    ])
      expect(all).toContain(folder);
    for (const folder of ['tools/bench', 'tools/storm', 'tools/journey', 'tools/testing', 'tools/kafka'])
      expect(all).not.toContain(folder);
    expect(starters).toContain('tools/postgres');
    expect(new Set(all).size).toBe(all.length);
  });
});

import { existsSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { transform } from '@swc/core';
import { swcOptions } from './swc.options.js';
import { allProjects, isOfTests, transpile } from './tools/local/transpile.mjs';

/**
 * TypeScript as `npm start` compiles it. NestJS reads the decorators' metadata, which Vite's transformer does
 * not write.
 */
const swc = {
  name: 'swc',
  enforce: 'pre',
  transform(code, id) {
    const [file] = id.split('?');
    if (!/\.tsx?$/.test(file)) return undefined;
    return transform(code, {
      ...swcOptions,
      filename: file,
      sourceMaps: true,
      configFile: false,
      swcrc: false,
    });
  },
};

const root = import.meta.dirname;

/**
 * Tests import the sources in place of the compiled files when TEST_SOURCES is set, and while Vitest watches.
 */
const importsSources =
  Boolean(process.env.TEST_SOURCES) || !process.argv.some((one) => one === 'run' || one === '--run');
if (!importsSources) await transpile(root, allProjects(root));

/**
 * Lets test files import the compiled files, as the services run them. Node.js loads these itself. Vite would
 * transform each source again for every project that imports it, which costs more than many tests.
 */
const compiled = {
  name: 'compiled',
  enforce: 'pre',
  resolveId(id, importer) {
    if (!importer || !/^\.\.?\/.*\.js$/.test(id)) return undefined;
    const path = relative(root, resolve(dirname(importer), id));
    const [, project, file] = /^(\w+[\\/][^\\/]+)[\\/]src[\\/](.+)$/.exec(path) ?? [];
    if (file === undefined || isOfTests(file)) return undefined;
    const made = join(root, project, 'dist', file);
    return existsSync(made) ? made.replaceAll('\\', '/') : undefined;
  },
};
const compiledFiles = /\/(apps|libs|tools)\/[^/]+\/dist\//;

/** Imports of our libraries, and their modules, are resolved to sources. */
const sources = {
  resolve: { conditions: ['source'] },
  ssr: { resolve: { conditions: ['source', 'node'] } },
};

/**
 * Test files that replace rows of a table before anything reads it. They run in another process, and import
 * sources: Vitest replaces no module that Node.js loads.
 */
const newRows = ['src/**/new-*.spec.ts'];
const files = ['src/**/*.spec.{ts,tsx}'];

/**
 * One Vitest set-up for every project. The files of a project run in one process and share its modules.
 * Alone, each file of a service would load NestJS, TypeORM and the OAuth engine again, which costs more than
 * most of its tests.
 *
 * @param name of the project, as Nx calls it
 * @param {{ maxWorkers?: number }} [options] the number of processes that run files at a time. One by
 * default,
 *   because Nx runs projects in parallel.
 */
export function testsOf(name, { maxWorkers = 1 } = {}) {
  const project = (of, include, exclude, imports) => ({
    extends: true,
    ...imports,
    test: { name: of, include, exclude, isolate: false },
  });
  const own = importsSources ? sources : { plugins: [compiled] };
  return {
    plugins: [swc],
    esbuild: false,
    test: {
      server: { deps: { external: [compiledFiles] } },
      pool: 'forks',
      maxWorkers,
      // Guards against a hang. Other programs may take most of the processors.
      testTimeout: 120_000,
      hookTimeout: 120_000,
      slowTestThreshold: 30_000,
      setupFiles: ['reuse-rsa-keys', 'cheap-password-hashes'].map((file) =>
        fileURLToPath(new URL(`tools/testing/src/${file}.ts`, import.meta.url)),
      ),
      projects: [project(name, files, newRows, own), project(`${name}, new rows`, newRows, [], sources)],
    },
  };
}

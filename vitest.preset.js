import { execFileSync } from 'node:child_process';
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

const setUp = (names) =>
  names.map((name) => fileURLToPath(new URL(`tools/testing/src/${name}.ts`, import.meta.url)));
const everywhere = ['reuse-rsa-keys', 'cheap-password-hashes'];

/**
 * V8 optimizes code that has run six times as long as by default: most code of a test runs a few times. Node.js
 * 24 does not start with this option, because its V8 has none like it.
 */
function lateOptimization() {
  const options = execFileSync(process.execPath, ['--v8-options'], { encoding: 'utf8' });
  return /^ +--interrupt-budget /m.test(options) ? ['--interrupt-budget=400000'] : [];
}

/**
 * Test files of a system with more rows in its tables. The rows stay in the process, so these run in another
 * one.
 */
const newRows = 'src/**/new-*.spec.ts';
const files = 'src/**/*.spec.{ts,tsx}';

/**
 * One Vitest set-up for every project, and for all of them at once. Test files run one after another in a few
 * processes and share the modules there. Alone, each file of a service would load NestJS, TypeORM and the
 * OAuth engine again, which costs more than most of its tests.
 *
 * @param name of the project, as Nx calls it
 * @param {{
 *   maxWorkers?: number,
 *   folders?: string,
 *   exclude?: string[],
 *   sequencer?: import('vitest/node').TestSequencerConstructor
 * }} [options]
 *   maxWorkers: the number of processes that run files at a time, one by default. folders: glob of the
 *   projects' folders below that of the configuration, which is a project's own by default. sequencer: orders
 *   the files
 */
export function testsOf(name, { maxWorkers = 1, folders = '.', exclude = [], sequencer } = {}) {
  const within = (glob) => (folders === '.' ? glob : `${folders}/${glob}`);
  const project = (of, groupOrder, test) => ({
    extends: true,
    ...(importsSources ? sources : { plugins: [compiled] }),
    test: { name: of, isolate: false, sequence: { groupOrder, setupFiles: 'list' }, ...test },
  });
  return {
    plugins: [swc],
    esbuild: false,
    test: {
      server: { deps: { external: [compiledFiles] } },
      pool: 'forks',
      execArgv: lateOptimization(),
      // Guards against a hang. Other programs may take most of the processors.
      testTimeout: 120_000,
      hookTimeout: 120_000,
      slowTestThreshold: 30_000,
      sequence: { sequencer },
      projects: [
        project(`${name}, new rows`, 0, {
          include: [within(newRows)],
          exclude,
          maxWorkers: 1,
          setupFiles: setUp(['add-new-rows', ...everywhere]),
        }),
        project(name, 1, {
          include: [within(files)],
          exclude: [within(newRows), ...exclude],
          maxWorkers,
          setupFiles: setUp(everywhere),
        }),
      ],
    },
  };
}

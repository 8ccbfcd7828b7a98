import { fileURLToPath } from 'node:url';
import { transform } from '@swc/core';
import { swcOptions } from './swc.options.js';

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

/** Test files that add rows to a table before anything reads it. They run in a process of their own. */
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
  const project = (of, include, exclude) => ({
    extends: true,
    test: { name: of, include, exclude, isolate: false },
  });
  return {
    plugins: [swc],
    esbuild: false,
    resolve: { conditions: ['source'] },
    ssr: { resolve: { conditions: ['source', 'node'] } },
    test: {
      pool: 'forks',
      maxWorkers,
      // Guards against a hang. Other programs may take most of the processors.
      testTimeout: 120_000,
      hookTimeout: 120_000,
      slowTestThreshold: 30_000,
      setupFiles: ['reuse-rsa-keys', 'cheap-password-hashes'].map((file) =>
        fileURLToPath(new URL(`tools/testing/src/${file}.ts`, import.meta.url)),
      ),
      projects: [project(name, files, newRows), project(`${name}, new rows`, newRows, [])],
    },
  };
}

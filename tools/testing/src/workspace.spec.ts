import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const readJson = <T>(file: string) => JSON.parse(readFileSync(join(root, file), 'utf8')) as T;
/** Folders with a lock file of their own. */
const notInWorkspace = ['tools/lint', 'tools/third-party'];

const folders = ['apps', 'libs', 'tools'].flatMap((group) =>
  readdirSync(join(root, group), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => `${group}/${name}`),
);
const projects = folders.filter(
  (folder) => !notInWorkspace.includes(folder) && existsSync(join(root, folder, 'package.json')),
);

const documents = () =>
  [
    ...readdirSync(root).map((name) => name),
    ...readdirSync(join(root, 'docs'), { recursive: true }).map((name) => `docs/${String(name)}`),
    ...folders.map((folder) => `${folder}/README.md`),
  ].filter((file) => file.endsWith('.md') && existsSync(join(root, file)));

describe('the workspace', () => {
  it('compiles every project: the tsconfig of the root names each', () => {
    const { references } = readJson<{ references: { path: string }[] }>('tsconfig.json');
    expect(references.map(({ path }) => path).sort()).toEqual(
      projects.filter((folder) => existsSync(join(root, folder, 'tsconfig.json'))).sort(),
    );
  });

  it('lints every project at once: none has a lint script', () => {
    const scripts = (folder: string) =>
      readJson<{ scripts?: Record<string, string> }>(`${folder}/package.json`).scripts ?? {};
    expect(projects.filter((folder) => 'lint' in scripts(folder))).toEqual([]);
  });

  it('compiles everything before a test runs a service: no project waits for less', () => {
    const { targetDefaults } = readJson<{ targetDefaults: { test: { dependsOn: unknown } } }>('nx.json');
    expect(targetDefaults.test.dependsOn).toEqual([{ projects: 'workspace', target: 'compile' }]);
    const testOf = (folder: string) =>
      readJson<{ nx?: { targets?: { test?: object } } }>(`${folder}/package.json`).nx?.targets?.test ?? {};
    expect(projects.filter((folder) => 'dependsOn' in testOf(folder))).toEqual([]);
  });

  it('begins with the longest test files: each that the configuration names is there', () => {
    const configuration = readFileSync(join(root, 'vitest.config.js'), 'utf8');
    const longest = [...configuration.matchAll(/'([^'*]+\.spec)'/g)].map(([, path]) => path!);
    expect(longest).not.toEqual([]);
    expect(longest.filter((path) => !existsSync(join(root, `${path}.ts`)))).toEqual([]);
  });

  it('runs the tests of every project alike: none has other settings, which the run of all would miss', () => {
    const alike = /^export default testsOf\('[\w-]+'(, \{ maxWorkers: \d \})?\);$/m;
    const configurations = projects
      .map((folder) => join(root, folder, 'vitest.config.js'))
      .filter((file) => existsSync(file));
    expect(configurations).not.toEqual([]);
    expect(configurations.filter((file) => !alike.test(readFileSync(file, 'utf8')))).toEqual([]);
  });

  it('explains every folder of apps, libraries and tools in a README', () => {
    expect(folders.filter((folder) => !existsSync(join(root, folder, 'README.md')))).toEqual([]);
  });

  it('lists every decision in the index', () => {
    const directory = join(root, 'docs/decisions');
    const index = readFileSync(join(directory, 'README.md'), 'utf8');
    const decisions = readdirSync(directory).filter((name) => /^\d{4}-.*\.md$/.test(name));
    expect(decisions.filter((name) => !index.includes(`](${name})`))).toEqual([]);
    expect([...index.matchAll(/^\| \d+ +\| \[.*?\]\((\d{4}-[^)]+)\)/gm)].map(([, name]) => name)).toEqual(
      decisions.sort(),
    );
  });

  it('keeps the links between its documents: each leads to a file', () => {
    const broken = documents().flatMap((file) =>
      [...readFileSync(join(root, file), 'utf8').matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)[^)]*\)/g)]
        .map(([, target]) => target!)
        .filter((target) => !existsSync(join(root, file, '..', target)))
        .map((target) => `${file}: ${target}`),
    );
    expect(broken).toEqual([]);
  });

  it('names files that are there: a path in a document of the root, docs or a README exists', () => {
    const missing = documents().flatMap((file) =>
      [
        ...readFileSync(join(root, file), 'utf8').matchAll(
          /`((?:apps|libs|tools|deploy|docs|data|\.ci)\/[\w./-]+)`/g,
        ),
      ]
        .map(([, path]) => path!)
        .filter(
          (path) =>
            !path.includes('/dist/') &&
            ![root, join(root, file, '..')].some((from) => existsSync(join(from, path))),
        )
        .map((path) => `${file}: ${path}`),
    );
    expect(missing).toEqual([]);
  });
});

import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { rename, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { swcOptions } from '../../swc.options.js';

/** A folder with its own packages and its own compiler run. */
const notInWorkspace = join('tools', 'third-party');

/**
 * Whether a file is used by tests only, and not compiled.
 * @param file its path in the sources of its project
 */
export const isOfTests = (file) => /(^|[\\/])(testing[\\/].*|[^\\/]*\.(spec|suite))\.[jt]sx?$/.test(file);

const manifestOf = (root, folder) => JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'));

/** The folders of all workspaces by the names in their manifests: `@payer/events`, and `events` for Nx. */
function foldersOf(root) {
  const folders = new Map();
  for (const group of ['apps', 'libs', 'tools'])
    for (const entry of readdirSync(join(root, group), { withFileTypes: true })) {
      const folder = join(group, entry.name);
      if (!entry.isDirectory() || !statSync(join(root, folder, 'package.json'), { throwIfNoEntry: false }))
        continue;
      const { name, nx } = manifestOf(root, folder);
      folders.set(name, folder);
      if (nx?.name) folders.set(nx.name, folder);
    }
  return folders;
}

/**
 * The projects that `npm start` runs, from the manifests.
 * @returns folders of the programs that start the system, and folders of the services with their further
 *   dependencies
 */
export function projectsToRun(root) {
  const folders = foldersOf(root);
  const closure = (folder, found = new Set()) => {
    if (!folder || found.has(folder)) return found;
    found.add(folder);
    for (const name of Object.keys(manifestOf(root, folder).dependencies ?? {}))
      closure(folders.get(name), found);
    return found;
  };
  const starters = closure('tools/local');
  const services = new Set();
  for (const name of manifestOf(root, 'tools/local').nx.implicitDependencies)
    closure(folders.get(name), services);
  return { starters: [...starters], services: [...services].filter((folder) => !starters.has(folder)) };
}

/** @returns the folders of all projects with TypeScript sources */
export function allProjects(root) {
  const folders = [...new Set(foldersOf(root).values())];
  return folders.filter(
    (folder) =>
      statSync(join(root, folder, 'tsconfig.json'), { throwIfNoEntry: false }) && folder !== notInWorkspace,
  );
}

/**
 * Whether two times of files are the same. A file keeps its time in nanoseconds; `utimes` sets microseconds.
 * @param one milliseconds since the epoch
 */
const isSameTime = (one, other) => Math.abs(one - other) < 0.01;

/**
 * A compiled file has the time of its source. So it is outdated after any change, also when a source with an
 * earlier time was put back.
 * @returns sources with missing or outdated compiled files: both paths, and the time of the source
 */
function outdated(root, folder, notBefore) {
  const source = join(root, folder, 'src');
  return readdirSync(source, { recursive: true })
    .filter((file) => /\.tsx?$/.test(file) && !file.endsWith('.d.ts') && !isOfTests(file))
    .map((file) => {
      const from = join(source, file);
      const to = join(root, folder, 'dist', file.replace(/\.tsx?$/, '.js'));
      return { from, to, changed: statSync(from).mtimeMs };
    })
    .filter(({ to, changed }) => {
      const made = statSync(to, { throwIfNoEntry: false });
      return !made || made.ctimeMs < notBefore || !isSameTime(made.mtimeMs, changed);
    });
}

/**
 * Removes compiled files of moved or deleted sources, because programs that list `dist` must not find them.
 */
function removeOrphans(root, folder) {
  const [source, made] = [join(root, folder, 'src'), join(root, folder, 'dist')];
  if (!existsSync(made)) return;
  for (const file of readdirSync(made, { recursive: true }).filter((name) => name.endsWith('.js'))) {
    const stem = join(source, file.slice(0, -'.js'.length));
    if (!existsSync(`${stem}.ts`) && !existsSync(`${stem}.tsx`))
      // Another run may have removed it.
      rmSync(join(made, file), { force: true });
  }
}

/**
 * Compiles projects to `dist` with SWC, like `tsc -b` but without type checks and declarations. Files of
 * `tsc -b` are compiled again, because they do not have the time of their source.
 * @returns the number of compiled files
 */
export async function transpile(root, folders) {
  // Another compiler version, or other settings, would compile the same source differently.
  const notBefore = Math.max(
    ...['swc.options.js', 'node_modules/@swc/core/package.json'].map(
      (file) => statSync(join(root, file)).mtimeMs,
    ),
  );
  for (const folder of folders) removeOrphans(root, folder);
  const work = folders.flatMap((folder) => outdated(root, folder, notBefore));
  if (work.length === 0) return 0;
  const { transformFile } = await import('@swc/core');
  await Promise.all(
    work.map(async ({ from, to, changed }) => {
      const { code } = await transformFile(from, { ...swcOptions, swcrc: false, configFile: false });
      mkdirSync(dirname(to), { recursive: true });
      // Renames the finished file, so that no process reads a partial file. The name is new, because Vitest
      // may load its settings twice at a time. A source that changed after its time was read is compiled
      // again in the next run.
      const unfinished = `${to}.${randomUUID()}`;
      await writeFile(unfinished, code);
      await utimes(unfinished, changed / 1000, changed / 1000);
      await rename(unfinished, to);
    }),
  );
  return work.length;
}

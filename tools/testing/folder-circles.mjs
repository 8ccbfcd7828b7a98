/**
 * Finds folders of one project that import each other in a circle: a reader cannot start at either of them.
 * Counts each folder for itself, and then the folders of src with all folders below them. A file that stands
 * directly in src (index.ts, config.ts) counts for itself. Tests and their helpers are left out.
 *
 * node tools/testing/folder-circles.mjs [PROJECT …]     all projects by default; exit 1 when there is a
 * circle
 */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import { parseArgs } from 'node:util';

const importPattern = /(?:from|import)\s*\(?\s*'(\.[^']+)'/g;
const isTestFile = (path) => /\.(spec|suite)\.tsx?$|(^|\/)testing\//.test(path);

const { positionals } = parseArgs({ allowPositionals: true });
const projects = positionals.length ? positionals : allProjects();
let circles = 0;
for (const project of projects) {
  const source = join(project, 'src');
  if (!existsSync(source)) continue;
  const known = new Set();
  for (const placeOf of [folderOf, topFolderOf]) {
    const imports = folderImports(source, placeOf);
    for (const circle of circlesOf(imports)) {
      const name = `${project}: ${circle.join(' ⇄ ')}`;
      if (known.has(name)) continue;
      known.add(name);
      circles += 1;
      console.log(name);
      for (const [from, tos] of imports)
        for (const [to, files] of tos)
          if (circle.includes(from) && circle.includes(to))
            console.log(`  ${from} → ${to}: ${files.join(', ')}`);
    }
  }
}
console.log(
  circles ? `${circles} circles of folders` : `No circle of folders in ${projects.length} projects`,
);
process.exitCode = circles ? 1 : 0;

function allProjects() {
  return ['apps', 'libs', 'tools'].flatMap((group) => readdirSync(group).map((name) => join(group, name)));
}

/** The folder of a file, or the file when it stands directly in src. */
function folderOf(file) {
  return dirname(file) === '.' ? file : dirname(file);
}

/** The folder of src in which a file is, at any depth, or the file when it stands directly in src. */
function topFolderOf(file) {
  return file.split(/[\\/]/)[0];
}

/** Which folder imports which, with the files that do: Map<folder, Map<folder, string[]>>. */
function folderImports(source, placeOf) {
  const imports = new Map();
  for (const file of readdirSync(source, { recursive: true })) {
    if (!/\.tsx?$/.test(file) || isTestFile(file)) continue;
    for (const [, path] of readFileSync(join(source, file), 'utf8').matchAll(importPattern)) {
      const imported = relative(source, normalize(join(source, dirname(file), path)));
      const [from, to] = [placeOf(file), placeOf(imported.replace(/\.js$/, '.ts'))];
      if (from === to || imported.startsWith('..')) continue;
      if (!imports.has(from)) imports.set(from, new Map());
      const files = imports.get(from).get(to) ?? [];
      imports.get(from).set(to, [...files, `${file} imports ${imported}`]);
    }
  }
  return imports;
}

/** The strongly connected components of more than one folder (Tarjan's algorithm). */
function circlesOf(imports) {
  const order = new Map();
  const lowest = new Map();
  const stack = [];
  const found = [];
  const visit = (folder) => {
    order.set(folder, order.size);
    lowest.set(folder, order.get(folder));
    stack.push(folder);
    for (const next of imports.get(folder)?.keys() ?? []) {
      if (!order.has(next)) visit(next);
      if (stack.includes(next)) lowest.set(folder, Math.min(lowest.get(folder), lowest.get(next)));
    }
    if (lowest.get(folder) !== order.get(folder)) return;
    const circle = stack.splice(stack.indexOf(folder));
    if (circle.length > 1) found.push(circle);
  };
  for (const folder of imports.keys()) if (!order.has(folder)) visit(folder);
  return found;
}

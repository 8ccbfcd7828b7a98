import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * @returns whether a version is newer than another, by the precedence of Semantic Versioning without
 * pre-releases
 */
export function isNewer(version, than) {
  const [a, b] = [version, than].map((text) => text.split('.').map(Number));
  const at = a.findIndex((number, i) => number !== b[i]);
  return at >= 0 && a[at] > b[at];
}

const dependencyKinds = ['dependencies', 'devDependencies', 'optionalDependencies', 'peerDependencies'];

/** Workspaces depend on each other at the exact version, so both change together. */
function setIn(manifest, version) {
  manifest.version = version;
  for (const kind of dependencyKinds)
    for (const name of Object.keys(manifest[kind] ?? {}))
      if (name.startsWith('@payer/')) manifest[kind][name] = version;
}

function change(file, edit) {
  const before = readFileSync(file, 'utf8');
  const content = JSON.parse(before);
  edit(content);
  writeFileSync(file, `${JSON.stringify(content, null, 2)}\n`);
}

/** Folders of the projects: every one has a manifest. */
function projects(root) {
  return ['apps', 'libs', 'tools'].flatMap((group) =>
    readdirSync(join(root, group))
      .map((name) => join(group, name))
      .filter((folder) => statSync(join(root, folder, 'package.json'), { throwIfNoEntry: false })),
  );
}

/** @returns the version that the repository has now */
export const currentVersion = (root) => JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).version;

/** Sets the version in every manifest, in every lock file and in the image. */
export function setVersion(root, version) {
  for (const folder of ['.', ...projects(root)])
    change(join(root, folder, 'package.json'), (manifest) => setIn(manifest, version));
  for (const lock of [
    'package-lock.json',
    'tools/lint/package-lock.json',
    'tools/third-party/package-lock.json',
  ])
    change(join(root, lock), (content) => {
      content.version = version;
      for (const [path, entry] of Object.entries(content.packages))
        if (!path.includes('node_modules')) setIn(entry, version);
    });
  const dockerfile = join(root, 'Dockerfile');
  const text = readFileSync(dockerfile, 'utf8').replace(/^ARG VERSION=.*$/m, `ARG VERSION=${version}`);
  writeFileSync(dockerfile, text);
}

// Keeps in a copied workspace only the named one and the libraries that it depends on, without development
// dependencies. After `npm prune` the packages of the service at run time are left.
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { manifests } from './manifests.mjs';

const all = new Map(manifests().map((path) => [dirname(path), JSON.parse(readFileSync(path, 'utf8'))]));
const pathOf = new Map([...all].map(([path, { name }]) => [name, path]));
const kept = new Set([process.argv[2]]);
for (const path of kept)
  for (const name of Object.keys(all.get(path).dependencies ?? {}))
    if (pathOf.has(name)) kept.add(pathOf.get(name));

for (const [path, manifest] of [...all, ['.', JSON.parse(readFileSync('package.json', 'utf8'))]]) {
  if (path !== '.' && !kept.has(path)) rmSync(path, { recursive: true });
  else writeFileSync(`${path}/package.json`, JSON.stringify({ ...manifest, devDependencies: {} }, null, 2));
}

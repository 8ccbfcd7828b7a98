// Removes large packages from the manifests of a copied workspace that neither compiling nor running needs:
// test runner, task runner.
import { readFileSync, writeFileSync } from 'node:fs';
import { manifests } from './manifests.mjs';

const notNeeded = /^(nx|vitest|@swc\/.*)$/;

for (const path of ['package.json', ...manifests()]) {
  const manifest = JSON.parse(readFileSync(path, 'utf8'));
  const needed = Object.entries(manifest.devDependencies ?? {}).filter(([name]) => !notNeeded.test(name));
  manifest.devDependencies = Object.fromEntries(needed);
  writeFileSync(path, JSON.stringify(manifest, null, 2));
}

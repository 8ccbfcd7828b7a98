/**
 * `npm ci` in this folder, when its lock file is newer than the installed packages.
 *
 * node tools/lint/install.mjs
 */
import { spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { join } from 'node:path';

const folder = import.meta.dirname;
const changed = (file) => statSync(join(folder, file), { throwIfNoEntry: false })?.mtimeMs ?? 0;

if (changed('node_modules/.package-lock.json') < changed('package-lock.json')) {
  const { status } = spawnSync('npm ci', { cwd: folder, shell: true, stdio: 'inherit' });
  process.exitCode = status ?? 1;
}

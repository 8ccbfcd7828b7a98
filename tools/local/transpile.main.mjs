/** Compiles every project of the workspace that is older than its source, without checking types: what tests run as processes. */
import { fileURLToPath } from 'node:url';
import { allProjects, transpile } from './transpile.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const made = await transpile(root, allProjects(root));
console.error(`${made} files compiled`);

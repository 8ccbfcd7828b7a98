/**
 * Compiles every outdated project of the workspace without checking types. Tests run the compiled files as
 * processes.
 */
import { fileURLToPath } from 'node:url';
import { allProjects, transpile } from './transpile.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const made = await transpile(root, allProjects(root));
if (made > 0) console.error(`${made} files compiled`);

/**
 * `npm start`: compiles the programs and runs them. PostgreSQL starts while the services are being compiled.
 */
import { fileURLToPath } from 'node:url';
import { projectsToRun, transpile } from './transpile.mjs';

const startedAt = Date.now();
const root = fileURLToPath(new URL('../..', import.meta.url));
const { starters, services } = projectsToRun(root);
await transpile(root, starters);
const built = transpile(root, services);
// The code that awaits the promise reports the failure.
built.catch(() => undefined);
const { run } = await import('./dist/main.js');
await run(built, startedAt);

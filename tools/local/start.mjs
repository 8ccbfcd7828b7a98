/** `npm start`: builds what runs, and runs it. PostgreSQL starts while the services are being built. */
import { fileURLToPath } from 'node:url';
import { projectsToRun, transpile } from './transpile.mjs';

const startedAt = Date.now();
const root = fileURLToPath(new URL('../..', import.meta.url));
const { starters, services } = projectsToRun(root);
await transpile(root, starters);
const built = transpile(root, services);
// A failure is reported where the result is awaited.
built.catch(() => undefined);
const { run } = await import('./dist/main.js');
await run(built, startedAt);

import { writeFileSync } from 'node:fs';
import { documents } from './documents.js';

/** `npm run event-docs`: writes docs/events.md and docs/asyncapi.yaml from the contracts. */
for (const { path, text } of await documents()) writeFileSync(path, text);

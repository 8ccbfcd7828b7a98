import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { catalogue } from './catalogue.js';

const file = fileURLToPath(new URL('../../../docs/sandbox-members.md', import.meta.url));
writeFileSync(file, catalogue());
console.log(`Written to ${file}`);

import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { conformanceDocument } from './conformance-document.js';

const file = fileURLToPath(new URL('../../../../docs/conformance.md', import.meta.url));
writeFileSync(file, conformanceDocument());
process.stdout.write(`Written to ${file}\n`);

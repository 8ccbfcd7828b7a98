import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { format } from 'prettier';
import { catalogue, membersModule } from './catalogue.js';
import { moduleFormat } from './module-format.js';

const root = new URL('../../../', import.meta.url);
const page = fileURLToPath(new URL('docs/sandbox-members.md', root));
const module = fileURLToPath(
  new URL('apps/registration/src/documentation/documents/sandbox-members.data.ts', root),
);
writeFileSync(page, catalogue());
writeFileSync(module, await format(membersModule(), moduleFormat));
console.log(`Written to ${page} and ${module}`);

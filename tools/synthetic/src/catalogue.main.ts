import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { format } from 'prettier';
import { catalogue, membersModule, sandbox } from './catalogue.js';
import { moduleFormat } from './module-format.js';

const root = new URL('../../../', import.meta.url);
const page = fileURLToPath(new URL('docs/sandbox-members.md', root));
const module = fileURLToPath(
  new URL('apps/registration/src/documentation/documents/sandbox-members.data.ts', root),
);
const data = sandbox();
writeFileSync(page, catalogue(data));
writeFileSync(module, await format(membersModule(data), moduleFormat));
console.log(`Written to ${page} and ${module}`);

import { writeFileSync } from 'node:fs';
import { format } from 'prettier';
import { guideRequirements, moduleFormat, modulePath, requirementsModule } from './guide-requirements.js';

const module = await format(requirementsModule(await guideRequirements()), moduleFormat);
writeFileSync(new URL(`../../../${modulePath}`, import.meta.url), module);
console.log(`Written to ${modulePath}. Now update docs/conformance.md: npm run conformance`);

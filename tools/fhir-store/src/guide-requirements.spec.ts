import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { format } from 'prettier';
import { guideRequirements, moduleFormat, modulePath, requirementsModule } from './guide-requirements.js';

it("the portal's list of requirements is that of the guides: npm run requirements writes it again", async () => {
  const requirements = await guideRequirements();
  const written = readFileSync(new URL(`../../../${modulePath}`, import.meta.url), 'utf8');
  expect(written).toBe(await format(requirementsModule(requirements), moduleFormat));
  // Nothing of the statements is lost on the way: the counts are those of the packages.
  const countOf = (guide: string, kind: string, level: string) =>
    requirements
      .filter((one) => one.guide === guide && one.kind === kind && one.level === level)
      .reduce((count, { items }) => count + items.length, 0);
  expect(countOf('plan-net', 'parameter', 'SHALL')).toBe(65);
  expect(countOf('us-core', 'combination', 'SHOULD')).toBe(46);
  expect(countOf('us-core', 'revinclude', 'SHALL')).toBe(18);
  expect(countOf('carin-bb', 'parameter', 'SHALL')).toBe(13);
});

import { describe, expect, it } from 'vitest';
import { readFileSync } from 'node:fs';
import { resourceTypes, servedGuides } from '@payer/smart';
import { generate } from './index.js';
import { readRequirements } from './must-support.js';

const served = new Set<string>(resourceTypes);
const nameOf = (canonical: string) => canonical.split('|')[0]!.split('/').at(-1)!;
/** The sandbox's resources by the profiles that they name. */
const data = new Map<string, Record<string, unknown>[]>();
for (const resource of generate({ environment: 'sandbox' }))
  for (const profile of resource.meta?.profile ?? []) {
    const named = data.get(profile) ?? [];
    data.set(profile, named);
    named.push(resource as unknown as Record<string, unknown>);
  }

/** Profiles of which there can be no resource, with the reason. */
const exceptions: Record<string, string> = {
  'us-core-vital-signs': 'general: the vital signs conform to the profiles made from it',
  'C4BB-ExplanationOfBenefit': 'abstract: its five children are what claims conform to',
};

/**
 * Lines of the lists that the guide itself forbids. PDex 2.1.0 slices `adjudication` by a slice without a
 * pattern, and it uses extensions of PAS where PAS does not allow them (decision 59).
 */
const forbidden = new Set([
  // Media is not served.
  'us-core-diagnosticreport-note media',
  'us-core-diagnosticreport-note media.link',
  'plannet-Network telecom',
  ...[
    'adjudication',
    'adjudication.category',
    'adjudication.extension (extension-reviewAction)',
    'ExplanationOfBenefit.adjudication:adjudicationamounttype',
    ...[
      'itemPreAuthPeriod',
      'authorizationNumber',
      'administrationReferenceNumber',
      'itemAuthorizedDetail',
    ].map((name) => `item.extension (extension-${name})`),
  ].map((line) => `pdex-priorauthorization ${line}`),
]);

describe.each(servedGuides)('must-support elements of $title', ({ file }) => {
  const markdown = readFileSync(new URL(`../../../data/must-support/${file}.md`, import.meta.url), 'utf8');
  const profiles = readRequirements(markdown).filter(
    ({ type, canonical }) => served.has(type) && !exceptions[nameOf(canonical)],
  );

  it.each(profiles.map((profile) => [profile.title, profile] as const))(
    'of %s all occur in the sandbox',
    (_title, { canonical, requirements }) => {
      const resources = data.get(canonical) ?? [];
      const missing = resources.length === 0 ? ['(no resource of this profile)'] : [];
      for (const { text, isMet } of resources.length === 0 ? [] : requirements)
        if (!isMet(resources) && !forbidden.has(`${nameOf(canonical)} ${text}`)) missing.push(text);
      expect(missing).toEqual([]);
    },
  );
});

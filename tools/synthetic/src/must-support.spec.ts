import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import {
  directoryTypes,
  guideFile,
  guideIds,
  memberReferencedTypes,
  patientCompartmentTypes,
} from '@payer/smart';
import { generate } from './index.js';
import { readRequirements } from './must-support.js';

const served = new Set<string>([...patientCompartmentTypes, ...memberReferencedTypes, ...directoryTypes]);
const data = [...generate({ environment: 'sandbox' })].map(
  (resource) => JSON.parse(JSON.stringify(resource)) as Record<string, unknown>,
);

/** Profiles of which there can be no resource, with the reason. */
const exceptions: Record<string, string> = {
  'C4BB-ExplanationOfBenefit': 'abstract: its five children are what claims conform to',
};

/**
 * Lines of the lists that the guide itself forbids. PDex 2.1.0 slices `adjudication` by a slice without a
 * pattern, and it uses extensions of PAS where PAS does not allow them (decision 59).
 */
const forbidden = new Set([
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

describe.each(guideIds.map(guideFile))('must-support elements of %s', (guide) => {
  const markdown = readFileSync(new URL(`../../../data/must-support/${guide}.md`, import.meta.url), 'utf8');
  const profiles = readRequirements(markdown).filter(
    ({ type, url }) => served.has(type) && !exceptions[url.split('/').at(-1) ?? ''],
  );

  it.each(profiles.map((profile) => [profile.title, profile] as const))(
    'of %s all occur in the sandbox',
    (_title, { url, requirements }) => {
      const resources = data.filter((resource) =>
        ((resource.meta as { profile?: string[] } | undefined)?.profile ?? []).some(
          (profile) => profile.split('|')[0] === url,
        ),
      );
      const missing = resources.length === 0 ? ['(no resource of this profile)'] : [];
      for (const { text, isMet } of resources.length === 0 ? [] : requirements)
        if (!isMet(resources) && !forbidden.has(`${url.split('/').at(-1)} ${text}`)) missing.push(text);
      expect(missing).toEqual([]);
    },
  );
});

import { definitionCanonical, guides, type GuideId } from '@payer/smart';
import type { FhirResource, Meta } from 'fhir/r4.js';

/** The definitions that resources name, and what is put behind their canonicals. */
const sources = {
  carin: sourceOf('carin-bb'),
  core: sourceOf('us-core'),
  planNet: sourceOf('plan-net'),
  pdex: sourceOf('pdex'),
  base: { base: 'http://hl7.org/fhir/StructureDefinition/', version: '' },
} as const;

function sourceOf(id: GuideId) {
  const { isVersionNamed, version } = guides[id];
  return { base: definitionCanonical(id, ''), version: isVersionNamed ? `|${version}` : '' };
}

/** `meta` with the profiles the resource follows, e.g. `carin:C4BB-Patient`; CARIN's name their version. */
export function meta(lastUpdated: string, ...profiles: `${keyof typeof sources}:${string}`[]): Meta {
  return {
    lastUpdated,
    profile: profiles.map((profile) => {
      const [guide, name] = profile.split(':') as [keyof typeof sources, string];
      return `${sources[guide].base}${name}${sources[guide].version}`;
    }),
  };
}

export const extensionUrl = (guide: keyof typeof sources, name: string) => `${sources[guide].base}${name}`;

export const reference = (to: FhirResource, display?: string) => ({
  reference: `${to.resourceType}/${to.id}`,
  ...(display ? { display } : {}),
});

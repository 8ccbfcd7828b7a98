import type { FhirResource, Meta } from 'fhir/r4.js';

const guides = {
  carin: { base: 'http://hl7.org/fhir/us/carin-bb/StructureDefinition/', version: '|2.0.0' },
  core: { base: 'http://hl7.org/fhir/us/core/StructureDefinition/', version: '' },
  planNet: { base: 'http://hl7.org/fhir/us/davinci-pdex-plan-net/StructureDefinition/', version: '' },
  base: { base: 'http://hl7.org/fhir/StructureDefinition/', version: '' },
} as const;

/** `meta` with the profiles the resource follows, e.g. `carin:C4BB-Patient`; CARIN's are pinned to 2.0.0. */
export function meta(lastUpdated: string, ...profiles: `${keyof typeof guides}:${string}`[]): Meta {
  return {
    lastUpdated,
    profile: profiles.map((profile) => {
      const [guide, name] = profile.split(':') as [keyof typeof guides, string];
      return `${guides[guide].base}${name}${guides[guide].version}`;
    }),
  };
}

export const extensionUrl = (guide: keyof typeof guides, name: string) => `${guides[guide].base}${name}`;

export const reference = (to: FhirResource, display?: string) => ({
  reference: `${to.resourceType}/${to.id}`,
  ...(display ? { display } : {}),
});

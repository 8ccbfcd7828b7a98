import { definitionCanonical, guides, type Guide, type GuideId } from '@payer/smart';
import type { FhirResource, Meta } from 'fhir/r4.js';

/** Start of the canonicals of the definitions that resources name, and the guide that defines them. */
const sources = {
  carin: sourceOf('carin-bb'),
  core: sourceOf('us-core'),
  planNet: sourceOf('plan-net'),
  pdex: sourceOf('pdex'),
  formulary: sourceOf('drug-formulary'),
  base: { base: 'http://hl7.org/fhir/StructureDefinition/', guide: undefined },
} as const;

function sourceOf(id: GuideId) {
  const guide: Guide = guides[id];
  return { base: definitionCanonical(id, ''), guide };
}

/** The profiles that a later version of their guide brought, with this version. */
const firstVersions: Readonly<Record<string, string>> = {
  'us-core-average-blood-pressure': '7.0.0',
  'us-core-care-experience-preference': '7.0.0',
  'us-core-treatment-intervention-preference': '7.0.0',
};

const isSince = (version: string, first: string | undefined) =>
  first === undefined || version.localeCompare(first, 'en', { numeric: true }) >= 0;

/**
 * `meta` with the profiles that the resource follows, such as `carin:C4BB-Patient`: each in every served
 * version of its guide that defines it. Without such a version the resource names no profile, because FHIR
 * has no empty arrays.
 */
export function meta(lastUpdated: string, ...profiles: `${keyof typeof sources}:${string}`[]): Meta {
  const profile = profiles.flatMap((one) => {
    const [source, name] = one.split(':') as [keyof typeof sources, string];
    const { base, guide } = sources[source];
    if (!guide) return [`${base}${name}`];
    const versioned = guide.versions
      .filter(({ version }) => isSince(version, firstVersions[name]))
      .map(({ version }) => `${base}${name}|${version}`);
    // PDex demands the canonical without a version, too: its profile slices meta.profile by it.
    return source === 'pdex' ? [`${base}${name}`, ...versioned] : versioned;
  });
  return { lastUpdated, ...(profile.length > 0 ? { profile } : {}) };
}

export const extensionUrl = (guide: keyof typeof sources, name: string) => `${sources[guide].base}${name}`;

/** A reference with the name of its target, where the target has one. */
export function reference(to: FhirResource, display = nameOf(to)) {
  return { reference: `${to.resourceType}/${to.id}`, ...(display ? { display } : {}) };
}

/** A member's resources refer to the patient without a name: it is on each of them. */
function nameOf(to: FhirResource): string | undefined {
  if (to.resourceType === 'Practitioner') return to.name?.[0]?.text;
  if (to.resourceType === 'Patient') return undefined;
  return 'name' in to && typeof to.name === 'string' ? to.name : undefined;
}

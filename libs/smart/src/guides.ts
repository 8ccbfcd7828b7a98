/** An implementation guide that the FHIR API follows. */
export interface Guide {
  name: string;
  version: string;
  /** Id of its FHIR package. */
  packageId: string;
  /** Canonical base URL of its definitions. */
  canonical: string;
  /** Id of its CapabilityStatement for servers: the profiles and searches served here. */
  serves: string;
  /** Whether that CapabilityStatement demands nothing (SHALL) that this read-only API lacks. */
  isServedWhole: boolean;
  /** Profiles that are served: all, or the ones named. */
  profiles: 'all' | readonly string[];
  /** Whether resources state the version of its profiles, as some guides demand. */
  isVersionNamed: boolean;
}

/**
 * The guides, one row each. Of two guides that define the same search parameter, the later row wins: PDex
 * repeats definitions of US Core and CARIN, so it is first. Only this table states their versions. The
 * package of a guide is `data/igs/<id>-<version>.tgz`, and its list of must-support elements is
 * `data/must-support/<id>-<version>.md`. `data/igs` also holds the packages whose extensions PDex uses (HRex
 * and PAS); the validator reads them.
 */
export const guides = {
  pdex: {
    name: 'PDex',
    version: '2.1.0',
    packageId: 'hl7.fhir.us.davinci-pdex',
    canonical: 'http://hl7.org/fhir/us/davinci-pdex',
    serves: 'pdex-server',
    // It demands operations and profiles for the exchange between payers.
    isServedWhole: false,
    profiles: ['pdex-priorauthorization'],
    isVersionNamed: false,
  },
  'us-core': {
    name: 'US Core',
    version: '6.1.0',
    packageId: 'hl7.fhir.us.core',
    canonical: 'http://hl7.org/fhir/us/core',
    serves: 'us-core-server',
    // It demands Media, and `create` of DiagnosticReport and DocumentReference.
    isServedWhole: false,
    profiles: 'all',
    isVersionNamed: false,
  },
  'carin-bb': {
    name: 'CARIN BB',
    version: '2.0.0',
    packageId: 'hl7.fhir.us.carin-bb',
    canonical: 'http://hl7.org/fhir/us/carin-bb',
    serves: 'c4bb',
    isServedWhole: true,
    profiles: 'all',
    isVersionNamed: true,
  },
  'plan-net': {
    name: 'Plan-Net',
    version: '1.1.0',
    packageId: 'hl7.fhir.us.davinci-pdex-plan-net',
    canonical: 'http://hl7.org/fhir/us/davinci-pdex-plan-net',
    serves: 'plan-net',
    isServedWhole: true,
    profiles: 'all',
    isVersionNamed: false,
  },
} as const satisfies Record<string, Guide>;

export type GuideId = keyof typeof guides;
export const guideIds = Object.keys(guides) as GuideId[];

/** Name of a guide's files below `data/`, without the extension. */
export const guideFile = (id: GuideId): string => `${id}-${guides[id].version}`;

/** Canonical of the guide itself, with its version (`CapabilityStatement.implementationGuide`). */
export const guideCanonical = (id: GuideId): string => {
  const { canonical, packageId, version } = guides[id];
  return `${canonical}/ImplementationGuide/${packageId}|${version}`;
};

/**
 * Canonicals of the guides' requirements for servers that this API implements as a whole
 * (`CapabilityStatement.instantiates`): each with the version and without, because tests ask for either.
 */
export const instantiatedRequirements = (): string[] =>
  guideIds
    .filter((id) => guides[id].isServedWhole)
    .flatMap((id) => {
      const { canonical, serves, version } = guides[id];
      const requirements = `${canonical}/CapabilityStatement/${serves}`;
      return [requirements, `${requirements}|${version}`];
    });

/** A canonical of a guide's definition with the guide's version; of no guide here, the canonical as it is. */
export function versionedCanonical(canonical: string): string {
  const [url = ''] = canonical.split('|');
  const id = guideIds.find((one) => url.startsWith(`${guides[one].canonical}/`));
  return id ? `${url}|${guides[id].version}` : canonical;
}

/** Canonical of a profile or extension, as resources reference it. */
export const definitionCanonical = (id: GuideId, name: string): string =>
  `${guides[id].canonical}/StructureDefinition/${name}`;

/** A version of an implementation guide that the FHIR API serves. */
export interface GuideVersion {
  version: string;
  /** First day (UTC, `YYYY-MM-DD`) on which this version is not served. None: no end is planned. */
  sunset?: string;
}

/** An implementation guide that the FHIR API follows. */
export interface Guide {
  name: string;
  /** The versions served side by side, the oldest first. */
  versions: readonly [GuideVersion, ...GuideVersion[]];
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
}

/**
 * The guides, one row each; a version of a guide is an entry of its row. Of two guides, or two versions, that
 * define the same search parameter, the later one wins: PDex and the formulary repeat definitions of other
 * guides, so they are first. Only this table states the versions. The package of a version is
 * `data/igs/<id>-<version>.tgz`; `npm run guides` makes everything else from it (docs/guides.md). `data/igs`
 * also holds the packages whose extensions PDex uses (HRex and PAS); the validator reads them.
 */
export const guides = {
  pdex: {
    name: 'PDex',
    versions: [{ version: '2.1.0' }],
    packageId: 'hl7.fhir.us.davinci-pdex',
    canonical: 'http://hl7.org/fhir/us/davinci-pdex',
    serves: 'pdex-server',
    // It demands operations and profiles for the exchange between payers.
    isServedWhole: false,
    profiles: ['pdex-priorauthorization'],
  },
  'drug-formulary': {
    name: 'US Drug Formulary',
    versions: [{ version: '2.0.1' }],
    packageId: 'hl7.fhir.us.davinci-drug-formulary',
    canonical: 'http://hl7.org/fhir/us/davinci-drug-formulary',
    serves: 'usdf-server',
    isServedWhole: true,
    profiles: 'all',
  },
  'us-core': {
    name: 'US Core',
    versions: [{ version: '6.1.0', sunset: '2029-01-01' }, { version: '7.0.0' }],
    packageId: 'hl7.fhir.us.core',
    canonical: 'http://hl7.org/fhir/us/core',
    serves: 'us-core-server',
    // It demands Media, and `create` of DiagnosticReport and DocumentReference.
    isServedWhole: false,
    profiles: 'all',
  },
  'carin-bb': {
    name: 'CARIN BB',
    versions: [{ version: '2.0.0' }],
    packageId: 'hl7.fhir.us.carin-bb',
    canonical: 'http://hl7.org/fhir/us/carin-bb',
    serves: 'c4bb',
    isServedWhole: true,
    profiles: 'all',
  },
  'plan-net': {
    name: 'Plan-Net',
    versions: [{ version: '1.1.0' }],
    packageId: 'hl7.fhir.us.davinci-pdex-plan-net',
    canonical: 'http://hl7.org/fhir/us/davinci-pdex-plan-net',
    serves: 'plan-net',
    isServedWhole: true,
    profiles: 'all',
  },
} as const satisfies Record<string, Guide>;

export type GuideId = keyof typeof guides;
const guideIds = Object.keys(guides) as GuideId[];

/** One version of a guide, with the columns of its guide. */
export interface ServedGuide extends Omit<Guide, 'versions'>, GuideVersion {
  id: GuideId;
  /** `US Core 7.0.0`. */
  title: string;
  /** Name of its files below `data/`, without the extension. */
  file: string;
}

/** Every version of every guide, in the order of the table. */
export const servedGuides: readonly ServedGuide[] = guideIds.flatMap((id) => {
  const { versions, ...guide }: Guide = guides[id];
  return versions.map((version) => ({
    ...guide,
    ...version,
    id,
    title: `${guide.name} ${version.version}`,
    file: `${id}-${version.version}`,
  }));
});

/** Canonical of a version of a guide (`CapabilityStatement.implementationGuide`). */
export const guideCanonical = ({ canonical, packageId, version }: ServedGuide): string =>
  `${canonical}/ImplementationGuide/${packageId}|${version}`;

/**
 * Canonicals of the guides' requirements for servers that this API implements as a whole
 * (`CapabilityStatement.instantiates`): each with its versions and without, because tests ask for either.
 */
export const instantiatedRequirements = (): string[] => [
  ...new Set(
    servedGuides
      .filter(({ isServedWhole }) => isServedWhole)
      .flatMap(({ canonical, serves, version }) => {
        const requirements = `${canonical}/CapabilityStatement/${serves}`;
        return [requirements, `${requirements}|${version}`];
      }),
  ),
];

/** Canonical of a profile or extension, as resources reference it. */
export const definitionCanonical = (id: GuideId, name: string): string =>
  `${guides[id].canonical}/StructureDefinition/${name}`;

/** Days before a sunset on which the version counts as deprecated, so that apps are warned. */
export const noticeDays = 180;

/** The instants of a version's end; undefined while no end is planned. */
export function endOf({ sunset }: GuideVersion): { deprecatedFrom: Date; sunset: Date } | undefined {
  if (sunset === undefined) return undefined;
  const end = new Date(`${sunset}T00:00:00Z`);
  return { deprecatedFrom: new Date(end.getTime() - noticeDays * 86_400_000), sunset: end };
}

import { servedGuides, type ServedGuide } from '@payer/smart';
import { readPackage, type PackagedResource } from '@payer/fhir-store/definitions';

/** A served version of a guide with the definitions of its package. */
export interface GuidePackage {
  guide: ServedGuide;
  resources: PackagedResource[];
}

export const dataFolder = new URL('../../../data/', import.meta.url);

/** The packages of the guides table, in its order. */
export const readGuidePackages = (): Promise<GuidePackage[]> =>
  Promise.all(
    servedGuides.map(async (guide) => ({
      guide,
      resources: await readPackage(new URL(`igs/${guide.file}.tgz`, dataFolder)),
    })),
  );

/** A type in a CapabilityStatement of a guide. */
export interface CapabilityResource {
  type: string;
  supportedProfile?: string[];
  searchParam?: { name: string }[];
  searchInclude?: string[];
  searchRevInclude?: string[];
  extension?: { url: string; extension?: { url: string; valueString?: string }[] }[];
}

/**
 * What the guides' CapabilityStatements for servers say of the types, reduced to the profiles that are
 * served. Each profile names its version; an include names its type, which the formulary leaves out.
 */
export function capabilitiesOf(packages: readonly GuidePackage[]): CapabilityResource[] {
  return packages.flatMap(({ guide, resources }) =>
    resources
      .filter(({ resourceType, url }) => resourceType === 'CapabilityStatement' && !url?.includes('client'))
      .flatMap((statement) => (statement as unknown as { rest: { resource: CapabilityResource[] }[] }).rest)
      .flatMap(({ resource }) => resource)
      .map((resource) => ({
        ...resource,
        supportedProfile: resource.supportedProfile
          ?.filter((profile) => isServed(guide, profile))
          .flatMap((profile) => versioned(profile, guide, packages)),
        searchInclude: resource.searchInclude?.map((include) => withType(include, resource.type)),
        searchRevInclude: resource.searchRevInclude,
      }))
      .filter(({ supportedProfile }) => guide.profiles === 'all' || supportedProfile?.length),
  );
}

function isServed({ profiles }: ServedGuide, canonical: string): boolean {
  const [url = ''] = canonical.split('|');
  return profiles === 'all' || profiles.includes(url.slice(url.lastIndexOf('/') + 1));
}

/**
 * The canonical with its version: of the guide's own profile the guide's version, of another guide's profile
 * each served version that defines it, and the canonical as it is when no guide here defines it.
 */
function versioned(canonical: string, guide: ServedGuide, packages: readonly GuidePackage[]): string[] {
  if (canonical.includes('|')) return [canonical];
  if (canonical.startsWith(`${guide.canonical}/`)) return [`${canonical}|${guide.version}`];
  const defining = packages.filter(({ resources }) => resources.some(({ url }) => url === canonical));
  return defining.length > 0 ? defining.map((one) => `${canonical}|${one.guide.version}`) : [canonical];
}

const withType = (include: string, type: string) =>
  include.includes(':') || include === '*' ? include : `${type}:${include}`;

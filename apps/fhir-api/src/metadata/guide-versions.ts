import { endOf, type ServedGuide } from '@payer/smart';

/** The served versions as Markdown, for `CapabilityStatement.rest.documentation`. */
export function versionsInWords(versions: readonly ServedGuide[]): string {
  const lines = versions.map(
    ({ title, sunset }) => `* ${title}: ${sunset ? `served until ${sunset}` : 'no end is planned'}`,
  );
  return ['Versions of implementation guides:', ...lines].join('\n');
}

/** A profile of a resource type, as `canonical|version`. */
interface ProfiledType {
  type: string;
  profiles: readonly string[];
}

/** Gives the headers of a resource type at an instant (milliseconds since the epoch). */
export type VersionHeaders = (type: string | undefined, now: number) => Readonly<Record<string, string>>;

/** The headers while no version ends soon. */
export const noHeaders: Readonly<Record<string, string>> = {};
const httpDate = (date: Date) => date.toUTCString();

/**
 * Headers that warn apps before a version of a guide ends: `Deprecation` (RFC 9745), `Sunset` (RFC 8594) and
 * links to the documentation. They are on answers of the types that the version profiles, and on the
 * CapabilityStatement, from the version's notice on. The version that ends first counts.
 * @param documentation URL of the page that lists the versions
 */
export function versionHeaders(
  versions: readonly ServedGuide[],
  types: readonly ProfiledType[],
  documentation: string,
): VersionHeaders {
  const ending = versions
    .flatMap((guide) => {
      const end = endOf(guide);
      return end ? [{ ...guide, ...end }] : [];
    })
    .sort((one, other) => Number(one.sunset) - Number(other.sunset))
    .map(({ canonical, version, deprecatedFrom, sunset }) => ({
      from: deprecatedFrom.getTime(),
      types: new Set(
        types
          .filter(({ profiles }) =>
            profiles.some((one) => one.startsWith(`${canonical}/`) && one.endsWith(`|${version}`)),
          )
          .map(({ type }) => type),
      ),
      headers: {
        deprecation: `@${deprecatedFrom.getTime() / 1000}`,
        sunset: httpDate(sunset),
        link: `<${documentation}>; rel="deprecation"; type="text/html", <${documentation}>; rel="sunset"; type="text/html"`,
      },
    }));
  return (type, now) =>
    ending.find(({ from, types: profiled }) => now >= from && (type === undefined || profiled.has(type)))
      ?.headers ?? noHeaders;
}

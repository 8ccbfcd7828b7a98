import { compact, membersOf, nothingSeen } from '../json/scan.js';

/** A resource's JSON in two halves: its version and the time of its last update go between them. */
export interface StoredText {
  /** Ends in `"meta":{"versionId":"`. */
  head: string;
  /** Begins behind the value of `lastUpdated`. */
  tail: string;
  /** Number of members of the given text's objects, at all depths. */
  members: number;
}

const opening = '"meta":{"versionId":"';
/** Between the version and the time, which is a JSON string. */
export const betweenVersionAndTime = '","lastUpdated":';

/**
 * The JSON to be served: as given, without white space between tokens. `meta` begins with the server's own
 * version and time, which replace those of the source.
 * @param given a resource that has an id, as valid JSON
 */
export function storedText(given: string): StoredText {
  const seen = nothingSeen();
  let members = membersOf(given, 0, seen);
  const isCompact = !seen.space && given.endsWith('}');
  const text = isCompact ? given : compact(given);
  if (!isCompact) members = membersOf(text);
  const meta = members.findLast(({ key }) => key === 'meta');
  if (!meta) {
    const at = members.findLast(({ key }) => key === 'id')?.end ?? text.length - 1;
    return { head: `${text.slice(0, at)},${opening}`, tail: `}${text.slice(at)}`, members: seen.members };
  }
  const kept = membersOf(text, meta.start)
    .filter(({ key }) => key !== 'versionId' && key !== 'lastUpdated')
    .map(({ key, start, end }) => `,"${key}":${text.slice(start, end)}`)
    .join('');
  return {
    head: text.slice(0, meta.at) + opening,
    tail: `${kept}}${text.slice(meta.end)}`,
    members: seen.members,
  };
}

import { elementsOf, membersByName, membersOf, nothingBehind, type Member } from '../json/scan.js';
import { conditionOfCreate, soleTarget } from './conditional-references.js';
import { validId } from './prepare.js';
import { refusal, type Refusal } from './refusal.js';

/**
 * An entry of a Bundle: a resource to store, a resource to delete, or the reason why the entry cannot be
 * taken.
 */
export type Entry =
  | { place: string; text: string }
  | { place: string; deleted: { type: string; id: string } }
  /** `Type/id` of the stored resource that the entry would create if it did not exist. */
  | { place: string; exists: string }
  | (Refusal & { place: string; text: string | undefined });

export interface BundleContent {
  entries: Entry[];
  /** Whether the Bundle is a transaction, which is stored as a whole or not at all (FHIR R4 §3.1.0.11.2). */
  isWhole: boolean;
  /** `Type/id` of the resources that entries create under a condition, by the condition. */
  created: ReadonlyMap<string, string>;
}

type Json = Record<string, unknown>;

interface RawEntry {
  place: string;
  /** A Bundle of this entry alone. */
  text: string;
  fullUrl?: string;
  resource?: string;
  request?: Json;
  isOutcome: boolean;
  /** `Type/id` of the stored resource that its condition matches, when that is another one. */
  exists?: string;
  /** The reason why it is no entry, or why its condition cannot decide. */
  reason?: string;
}

/**
 * Takes a Bundle apart. References to an entry's `fullUrl` become `Type/id`. A resource without an id gets
 * the id of its `urn:uuid:`, so that loading the Bundle again finds the same resource. In a transaction or
 * batch, `request` decides: PUT and POST store, DELETE deletes (as in the Bulk Data Access IG, §2.5.2).
 * `ifNoneExist` with an identifier creates a shared resource unless it exists; any other condition is
 * refused.
 * @param text a JSON object whose resourceType is Bundle
 * @param resolutions which resources the conditions match; gains the ones that this Bundle creates
 * @throws SyntaxError when it is not JSON, or the Bundle or an entry has a member twice
 */
export function contentOfBundle(
  text: string,
  place: string,
  resolutions: Map<string, readonly string[]>,
): BundleContent | Refusal {
  nothingBehind(text);
  const members = membersByName(text);
  const type = value(text, members.get('type'));
  if (type === 'history') return refusal('bundle', 'is a history Bundle; give the resources as they are now');
  const entries = members.get('entry');
  if (entries && text[entries.start] !== '[') return refusal('bundle', 'has an entry that is not an array');
  const isRequest = type === 'transaction' || type === 'batch';
  const raw = rawEntries(text, entries, place, type);
  const names = new Map<string, string>();
  const created = new Map<string, string>();
  const ambiguous = new Set<string>();
  for (const entry of raw) {
    const { fullUrl, resource, request } = entry;
    const name = resource && nameOf(resource, fullUrl ?? '');
    const condition = isRequest ? conditionOfCreate(request) : undefined;
    const exists = condition && soleTarget(condition, resolutions);
    if (exists && exists !== name) entry.exists = exists;
    else if ((resolutions.get(condition ?? '')?.length ?? 0) > 1)
      entry.reason = `request.ifNoneExist: "${condition}" matches more than one resource; give the id`;
    else if (condition && name && resolutions.get(condition)?.length === 0) {
      resolutions.set(condition, [name.slice(name.indexOf('/') + 1)]);
      created.set(condition, name);
    }
    const known = exists || name;
    if (!fullUrl || !known) continue;
    if ((names.get(fullUrl) ?? known) !== known) ambiguous.add(fullUrl);
    names.set(fullUrl, known);
  }
  for (const fullUrl of ambiguous) names.delete(fullUrl);
  for (const entry of raw)
    if (ambiguous.has(entry.fullUrl ?? ''))
      entry.reason = `fullUrl "${entry.fullUrl}" is also of another entry: which of them a reference means is not known`;
  return {
    isWhole: type === 'transaction',
    created,
    entries: raw.flatMap((entry) => entryOf(entry, isRequest, names) ?? []),
  };
}

function value(text: string, member: Member | undefined): unknown {
  return member && (JSON.parse(text.slice(member.start, member.end)) as unknown);
}

function rawEntries(
  text: string,
  entries: Member | undefined,
  place: string,
  bundleType: unknown,
): RawEntry[] {
  if (!entries) return [];
  return elementsOf(text, entries.start).map(({ start, end }, index) => {
    if (text[start] !== '{') return unfitEntry(`${place} entry ${index}`, text.slice(start, end), bundleType);
    const members = membersByName(text, start);
    const resource = members.get('resource');
    const fullUrl = value(text, members.get('fullUrl'));
    const search = value(text, members.get('search')) as Json | undefined;
    return {
      place: `${place} entry ${index}`,
      get text() {
        return bundleOf(text.slice(start, end), bundleType);
      },
      fullUrl: typeof fullUrl === 'string' ? fullUrl : undefined,
      resource:
        resource && text[resource.start] === '{' ? text.slice(resource.start, resource.end) : undefined,
      request: value(text, members.get('request')) as Json | undefined,
      isOutcome: search?.mode === 'outcome',
    };
  });
}

/** An entry that is null, or otherwise no object. */
const unfitEntry = (place: string, entry: string, bundleType: unknown): RawEntry => ({
  place,
  text: bundleOf(entry, bundleType),
  isOutcome: false,
  reason: `is ${entry.length > 20 ? 'no object' : entry}: an object with a resource or a request is expected`,
});

/** A Bundle of one entry. */
const bundleOf = (entry: string, bundleType: unknown): string =>
  `{"resourceType":"Bundle","type":${JSON.stringify(bundleType)},"entry":[${entry}]}`;

const uuid = /^urn:uuid:([A-Za-z0-9\-.]{1,64})$/;

/** `Type/id` of an entry's resource; undefined when it has none. */
function nameOf(resource: string, fullUrl: string): string | undefined {
  const members = new Map(membersOf(resource).map((member) => [member.key, member]));
  const type = value(resource, members.get('resourceType'));
  const id = value(resource, members.get('id')) ?? uuid.exec(fullUrl)?.[1];
  return typeof type === 'string' && typeof id === 'string' && validId.test(id) ? `${type}/${id}` : undefined;
}

function entryOf(entry: RawEntry, isRequest: boolean, names: ReadonlyMap<string, string>): Entry | undefined {
  const { place, resource, request, fullUrl } = entry;
  if (entry.isOutcome) return undefined;
  if (entry.exists && !entry.reason) return { place, exists: entry.exists };
  // The corrected line is loaded without the other entries.
  const refused = (reason: string): Entry => ({
    place,
    ...refusal('bundle', reason),
    text: withLocalReferences(entry.text, names),
  });
  if (entry.reason) return refused(entry.reason);
  const method = isRequest ? request?.method : undefined;
  const unfit = isRequest && request ? refusalOf(request) : undefined;
  if (unfit) return refused(unfit);
  if (method === 'DELETE') {
    const [, type, id] = /^([A-Za-z]+)\/([A-Za-z0-9\-.]{1,64})$/.exec(String(request?.url)) ?? [];
    return type && id
      ? { place, deleted: { type, id } }
      : refused(`DELETE of "${String(request?.url)}": Type/id is expected`);
  }
  if (!resource) return refused('has no resource');
  const text = withId(withLocalReferences(resource, names), fullUrl);
  const unresolved = isRequest ? /"reference"\s*:\s*"(urn:[^"\\]+)"/.exec(text)?.[1] : undefined;
  if (unresolved) return refused(`refers to ${unresolved}, which is no entry of the Bundle`);
  if (method === 'PUT') {
    const name = nameOf(text, '');
    if (request?.url !== name || !name)
      return refused(
        name
          ? `PUT to "${String(request?.url)}" of ${name}: request.url "${name}" is expected`
          : `PUT to "${String(request?.url)}" of a resource without type or valid id`,
      );
  }
  return { place, text };
}

const conditions = ['ifNoneExist', 'ifMatch', 'ifNoneMatch', 'ifModifiedSince'];

function refusalOf(request: Json): string | undefined {
  const { method, url } = request;
  if (!['PUT', 'POST', 'DELETE'].includes(String(method)))
    return `request.method is "${String(method)}": PUT, POST or DELETE is expected`;
  const isConditionalCreate = conditionOfCreate(request) !== undefined;
  const condition = conditions.find(
    (name) => request[name] !== undefined && !(name === 'ifNoneExist' && isConditionalCreate),
  );
  if (condition)
    return `request.${condition}: nothing here depends on a condition; give the resource its id and PUT it`;
  if (String(url).includes('?'))
    return `request.url "${String(url)}" is conditional; give the resource's Type/id`;
  return undefined;
}

// A quotation mark inside a JSON string is escaped, so this finds members only. Some write a slash as `\/`.
const reference = /"(reference|url)"\s*:\s*"((?:[^"\\]|\\\/)+)"/g;
const version = /\/_history\/[A-Za-z0-9\-.]{1,64}$/;

/**
 * A reference to a version of an entry keeps it (FHIR R4 §2.36.4.1). Of the members `url`, an attachment's
 * that leads to a Binary is a reference.
 */
function withLocalReferences(resource: string, names: ReadonlyMap<string, string>): string {
  return resource.replace(reference, (whole, member: string, written: string) => {
    const target = written.replaceAll('\\/', '/');
    const name = names.get(target) ?? names.get(target.replace(version, ''));
    if (member === 'url' && !name?.startsWith('Binary/')) return whole;
    return name ? `"${member}":"${name}${version.exec(target)?.[0] ?? ''}"` : whole;
  });
}

function withId(resource: string, fullUrl: string | undefined): string {
  const id = uuid.exec(fullUrl ?? '')?.[1];
  if (!id) return resource;
  const members = membersOf(resource);
  if (members.some(({ key }) => key === 'id')) return resource;
  const type = members.find(({ key }) => key === 'resourceType');
  return type ? `${resource.slice(0, type.end)},"id":"${id}"${resource.slice(type.end)}` : resource;
}

import { typesOfGrant, patientCompartmentTypes, resourceTypes, searchedTypes } from '@payer/smart';
import { filesPath, indexName, isPublishedName, manifestName, typeOfName } from '../bulk-publish/layout.js';
import { directoryTypes } from '../gateway/open-directory.js';
import { Refusal } from '../gateway/refusal.js';
import { brandsPath } from '../brands/user-access-brands.js';
import { hasHistory, type Offered } from '../offered.js';
import { allowedMethods, methodNotAllowed, notAllowedAtBase, type PathKind } from './allowed-methods.js';

export interface ReadInteraction {
  kind: 'read';
  type: string;
  id: string;
  /** The version that a `vread` asks for. */
  version?: string;
  /** All versions: `_history` of the resource. */
  isHistory?: boolean;
}

export interface SearchInteraction {
  kind: 'search';
  type: string;
  parametersIn: 'query' | 'form' | 'body';
  operation?: '$docref' | '$everything';
  /** Id of the patient whose compartment the path names (FHIR R4 §3.1.1.1.2.1). */
  compartment?: string;
}

/** A file of the published directory; the manifest is the answer of `$bulk-publish`. */
export interface PublishedInteraction {
  kind: 'published';
  name: string;
  /** The resource type in the file; undefined for the manifest and the index. */
  content: string | undefined;
}

export interface BatchInteraction {
  kind: 'batch';
  /** A resource type that the answer contains. Undefined until an entry is answered. */
  reads?: string | undefined;
}

/** The interaction that a request asks for (FHIR R4 §3.1.0, the read-only part). */
export type Interaction =
  | ReadInteraction
  | SearchInteraction
  | { kind: 'capabilities' }
  | { kind: 'smart-configuration' }
  | { kind: 'brands' }
  | PublishedInteraction
  | BatchInteraction
  | { kind: 'options'; allow: string };

/** An interaction that reads resources of the store. */
export type DataInteraction = Extract<Interaction, { kind: 'read' | 'search' }>;

const knownTypes = new Set<string>(resourceTypes);
/** Types that a search in a patient's compartment may name. */
const compartmentTypes = new Set<string>(
  [...patientCompartmentTypes, ...typesOfGrant].filter(
    (type) => type !== 'Patient' && (searchedTypes as readonly string[]).includes(type),
  ),
);
const isId = (part: string | undefined) => /^[A-Za-z0-9\-.]{1,64}$/.test(part ?? '');

/**
 * Derives the interaction from method and path.
 * @param path below the FHIR base, as sent: `''` or starting with `/`
 * @throws Refusal 404 when nothing is at this path, 405 with `Allow` when the path does not support the
 * method
 */
export function interactionOf(
  method: string,
  path: string,
  offered: Offered = { everything: true },
): Interaction {
  const segments = path.split('/').slice(1).map(decoded);
  if (segments.at(-1) === '') segments.pop();
  const allow = allowedMethods[pathKindOf(segments, offered)];
  // A preflight comes before the request itself, and only the answer to the request says whether the resource
  // exists.
  if (method === 'OPTIONS') return { kind: 'options', allow };
  if (segments.length === 0 && method !== 'GET' && method !== 'HEAD') {
    if (method === 'POST' && offered.batch) return { kind: 'batch' };
    throw notAllowedAtBase(method, offered);
  }
  const target = targetOf(segments, offered);
  if (!allow.includes(method)) throw methodNotAllowed(method, allow, target);
  // A posted operation carries its parameters in the body (FHIR R4 Operations, Executing an Operation).
  if (method === 'POST' && target.kind === 'search' && target.operation) target.parametersIn = 'body';
  return target;
}

function pathKindOf(segments: readonly string[], offered: Offered): PathKind {
  if (segments.length === 0) return offered.batch ? 'base-with-batch' : 'base';
  if (isFormSearch(segments)) return 'form-search';
  return isDocref(segments) || (isEverything(segments) && offered.everything) ? 'operation' : 'read';
}

const isDocref = ([type, operation, ...rest]: readonly string[]) =>
  type === 'DocumentReference' && operation === '$docref' && rest.length === 0;

const isEverything = ([type, id, operation, ...rest]: readonly string[]) =>
  type === 'Patient' && isId(id) && operation === '$everything' && rest.length === 0;

const isCompartmentSearch = ([type, id, ofType]: readonly string[]) =>
  type === 'Patient' && isId(id) && compartmentTypes.has(ofType ?? '');

/** Whether the path ends at `_search`, of a type or of a type in a patient's compartment. */
const isFormSearch = (segments: readonly string[]) =>
  segments.at(-1) === '_search' &&
  (segments.length === 2 || (segments.length === 4 && isCompartmentSearch(segments)));

function decoded(segment: string): string {
  if (!segment.includes('%')) return segment;
  try {
    return decodeURIComponent(segment);
  } catch {
    throw new Refusal({
      status: 400,
      issueCode: 'invalid',
      text: 'The path of the request is malformed: a % must be followed by two hexadecimal digits.',
    });
  }
}

function targetOf(
  segments: readonly string[],
  offered: Offered,
): Exclude<Interaction, { kind: 'options' | 'batch' }> {
  const [first, second, third, version] = segments;
  if (third === undefined) {
    if (first === 'metadata' && second === undefined) return { kind: 'capabilities' };
    if (first === '.well-known' && second === 'smart-configuration') return { kind: 'smart-configuration' };
    if (`/${first}/${second}` === brandsPath) return { kind: 'brands' };
  }
  const published = offered.publishedFiles ? publishedFile(segments) : undefined;
  if (published) return published;
  if (first === undefined)
    throw notFound(
      'This is a FHIR base. Its CapabilityStatement is at metadata, its SMART configuration at .well-known/smart-configuration; system-wide interactions are not supported.',
    );
  if (segments.includes(''))
    throw notFound('The path has an empty part: its parts are separated by one / each.');
  if (/^[_$]/.test(first)) throw systemWide(first);
  if (!knownTypes.has(first)) throw unknownType(first);
  if (second === undefined) return { kind: 'search', type: first, parametersIn: 'query' };
  if (third === '_history' && segments.length === 4 && [second, version].every(isId))
    return { kind: 'read', type: first, id: second, version: version as string };
  if (third === '_history' && segments.length === 3 && isId(second) && offered.history && hasHistory(first))
    return { kind: 'read', type: first, id: second, isHistory: true };
  if (isDocref(segments)) return { kind: 'search', type: first, parametersIn: 'query', operation: '$docref' };
  if (isEverything(segments) && offered.everything)
    return {
      kind: 'search',
      type: first,
      parametersIn: 'query',
      operation: '$everything',
      compartment: second,
    };
  if (isCompartmentSearch(segments) && (segments.length === 3 || isFormSearch(segments)))
    return {
      kind: 'search',
      type: third as string,
      parametersIn: isFormSearch(segments) ? 'form' : 'query',
      compartment: second,
    };
  if (third !== undefined || second === '_history' || second.startsWith('$'))
    throw notOffered(first, second, third, offered);
  if (second === '_search') return { kind: 'search', type: first, parametersIn: 'form' };
  if (!isId(second))
    throw notFound(`A resource id has 1 to 64 letters, digits, hyphens and dots (FHIR R4 §2.24.0.1).`);
  return { kind: 'read', type: first, id: second };
}

/** @throws Refusal 404 for a name that no published file can have */
function publishedFile([first, name, third]: readonly string[]): PublishedInteraction | undefined {
  if (first === '$bulk-publish' && name === undefined)
    return { kind: 'published', name: manifestName, content: undefined };
  if (first !== filesPath) return undefined;
  const content = name === undefined || name === indexName ? undefined : typeOfName(name);
  const isFile = name !== undefined && third === undefined && isPublishedName(name);
  if (!isFile || (content !== undefined && !directoryTypes.has(content)))
    throw notFound('There is no such file of the directory. $bulk-publish names the files.');
  return { kind: 'published', name, content };
}

/** Refuses a part of FHIR that this API does not offer, and names the alternative if there is one. */
function notOffered(
  type: string,
  second: string,
  third: string | undefined,
  { history = false }: Offered,
): Refusal {
  const reads = `Only ${type}/[id] (read), ${type}?… (search) and POST ${type}/_search exist`;
  if ([second, third].some((part) => part?.startsWith('$')))
    return notFound(
      `${reads}; operations such as ${[second, third].find((part) => part?.startsWith('$'))} are not supported.`,
    );
  if (second === '_history' || third === '_history')
    return notFound(
      history && hasHistory(type)
        ? `The history of one resource exists, ${type}/[id]/_history, and not that of a whole type.`
        : `${reads}; history is not supported: a read gives the current version, and of versions only that one is kept.`,
    );
  if (type === 'Patient' && third !== undefined && knownTypes.has(third) && isId(second))
    return notFound(
      `${reads}; ${third} is not in the compartment of a Patient, which has ${[...compartmentTypes].join(', ')}.`,
    );
  return notFound(`${reads}; history, other operations and compartments are not supported.`);
}

function notFound(text: string): Refusal {
  return new Refusal({ status: 404, issueCode: 'not-supported', text });
}

function unknownType(name: string): Refusal {
  const near = [...knownTypes].find((type) => type.toLowerCase() === name.toLowerCase());
  return notFound(
    near
      ? `Resource types are case-sensitive: use ${near}.`
      : `There is no such resource type here. These exist: ${[...knownTypes].join(', ')}.`,
  );
}

/** 404 for searches, history and operations of the whole system. */
const systemWide = (name: string) =>
  notFound(
    `${name} of the whole system is not supported: a search is in one resource type, [type]?… or POST [type]/_search.`,
  );

/** The read or search that records show. A file with resources counts as a read of its type. */
export function dataAsked(interaction: Interaction): DataInteraction | undefined {
  if (interaction.kind === 'read' || interaction.kind === 'search') return interaction;
  if (interaction.kind !== 'published' || interaction.content === undefined) return undefined;
  return { kind: 'read', type: interaction.content, id: interaction.name };
}

/** Whether a Binary is read: the format of the answer depends on its content. */
export const isBinaryRead = (interaction: Interaction): boolean =>
  interaction.kind === 'read' && interaction.type === 'Binary';

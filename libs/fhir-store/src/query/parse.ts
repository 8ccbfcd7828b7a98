import {
  isServedType,
  parameterDefinition,
  typeDefinition,
  type ParameterDefinition,
} from '../definitions/definitions.js';
import { badParameter, FhirError } from '../fhir-error.js';
import { countValues } from './cost.js';

/** A search parameter's use: itself, or through references to or from other resources. */
export type Filter =
  | {
      kind: 'value';
      name: string;
      definition: ParameterDefinition;
      modifier: string | undefined;
      values: string[];
    }
  | {
      kind: 'chain';
      name: string;
      definition: ParameterDefinition;
      targets: { type: string; filter: Filter }[];
    }
  | { kind: 'has'; name: string; type: string; definition: ParameterDefinition; filter: Filter };

export interface Include {
  /** Type whose reference is followed, or `*`. */
  source: string;
  /** The reference parameter, or undefined for all. */
  definition: ParameterDefinition | undefined;
  target: string | undefined;
  iterate: boolean;
}

export interface SortKey {
  definition: ParameterDefinition;
  descending: boolean;
}

export const summaries = ['true', 'text', 'data', 'count', 'false'] as const;
export type Summary = (typeof summaries)[number];

export interface Search {
  type: string;
  filters: Filter[];
  includes: Include[];
  revincludes: Include[];
  sort: SortKey[];
  count: number;
  total: 'none' | 'estimate' | 'accurate' | undefined;
  summary: Summary;
  elements: string[] | undefined;
  cursor: string | undefined;
  /** Parameters that were understood, for the self link. */
  used: [string, string][];
  /** What was ignored, and why. */
  ignored: string[];
}

export const defaultCount = 50;
export const maximumCount = 1000;
const deepestChain = 4;
const mostParameters = 100;
const mostValues = 20_000;
/** References that may lead somewhere and are tried while chains are read; without a bound, four links try hundreds of thousands. */
const mostTried = 5000;
/** Each link of a chain doubles and more what is looked through; so many are planned in a tenth of a second, five thousand in ten. */
const mostLookedThrough = 500;

/** Splits a value at unescaped commas (FHIR R4 §3.1.1.4.15); escapes stay for the next level. */
export function splitUnescaped(text: string, separator: string): string[] {
  // The usual case, and many times as fast.
  if (!text.includes('\\')) return text.split(separator);
  const parts = [''];
  for (let i = 0; i < text.length; i++) {
    const c = text[i] as string;
    if (c === '\\' && i + 1 < text.length) {
      parts[parts.length - 1] += c + (text[i + 1] as string);
      i += 1;
    } else if (c === separator) parts.push('');
    else parts[parts.length - 1] += c;
  }
  return parts;
}

export const unescape = (text: string) => text.replace(/\\([\\,|$])/g, '$1');

class Unknown extends Error {}

/**
 * Defined by R4, but nothing this server does; each with what to do instead. Ignoring them would answer another question, so the text is more than
 * "unknown".
 */
const unsupported = new Map([
  ['_filter', 'use the search parameters of the type'],
  ['_text', 'full text is not indexed; use :text on a token or :contains on a string parameter'],
  ['_content', 'full text is not indexed; use :text on a token or :contains on a string parameter'],
  ['_list', 'this server has no lists'],
  ['_has', 'must be written _has:Type:reference:parameter'],
  ['_contained', 'only resources that stand for themselves are found'],
  ['_containedType', 'only resources that stand for themselves are found'],
  ['_type', 'a search is in one resource type, which its path names'],
  ['_score', 'matches have no rank'],
  ['phonetic', 'names are not compared by sound; name ignores case, accents and punctuation'],
]);

/**
 * Reads search parameters against the definitions.
 * @throws FhirError when a parameter is used wrongly, or unknown under strict handling
 */
export function parseSearch(
  type: string,
  params: [string, string][],
  handling: 'strict' | 'lenient',
): Search {
  refuseTooMany(params);
  const search: Search = {
    type,
    filters: [],
    includes: [],
    revincludes: [],
    sort: [],
    count: defaultCount,
    total: undefined,
    summary: 'false',
    elements: undefined,
    cursor: undefined,
    used: [],
    ignored: [],
  };
  const tried = { count: 0 };
  for (const [name, value] of params) {
    try {
      const [code = ''] = name.split(':', 1);
      const control = controls.get(code);
      // Empty parameters are not an error (FHIR R4 §3.1.1.3).
      if (value === '' && name !== '_cursor') throw new Unknown(`${name}: has no value`);
      const used = control ? control(search, name, value) : undefined;
      if (!control) search.filters.push(parseFilter(type, name, { values: valuesOf(name, value), tried }, 0));
      // Of what may be asked for once, the last counts, and the self link says so.
      if (Object.hasOwn(resultControls, code) && code !== '_sort')
        search.used = search.used.filter(([earlier]) => earlier !== name);
      if (name !== '_cursor') search.used.push([name, used ?? value]);
    } catch (error) {
      if (!(error instanceof Unknown)) throw error;
      if (handling === 'strict') throw badParameter(name, error.message.replace(/^[^ ]*: /, ''));
      search.ignored.push(error.message);
    }
  }
  if (search.filters.reduce((sum, filter) => sum + lookedThrough(filter), 0) > mostLookedThrough)
    throw tooManyTypes();
  // FHIR R4 §3.1.1.5.8.
  if (search.summary === 'text' && search.includes.length + search.revincludes.length > 0)
    throw badParameter('_summary', 'text cannot be combined with _include or _revinclude');
  return search;
}

const tooManyTypes = () =>
  new FhirError(
    400,
    'too-costly',
    'The chains of this search lead to too many types; name the type that each reference points to, as in subject:Patient.name.',
  );

/** What is too much whatever it is: looked at before anything is taken apart. */
function refuseTooMany(params: readonly (readonly [name: string, value: string])[]): void {
  if (params.length > mostParameters)
    throw new FhirError(
      400,
      'too-costly',
      `A search may have at most ${mostParameters} parameters; this one has ${params.length}.`,
    );
  let values = 0;
  for (const [, value] of params) values += countValues(value, mostValues);
  if (values > mostValues)
    throw new FhirError(
      400,
      'too-costly',
      `A search may have at most ${mostValues} values in all; this one has more. Ask for them in several searches.`,
    );
}

/** How often rows of some type are gone through for a filter: for each target of a chain those stored and those contained. */
function lookedThrough(filter: Filter): number {
  if (filter.kind === 'value') return 0;
  if (filter.kind === 'has') return 1 + lookedThrough(filter.filter);
  return filter.targets.reduce((sum, target) => sum + 2 * (1 + lookedThrough(target.filter)), 0);
}

/** Reads a parameter into the search. @returns what was really used, when that is not the value as it is */
type Control = (search: Search, name: string, value: string) => string | void;

function oneOf<T extends string>(name: string, value: string, allowed: readonly T[]): T {
  if (!allowed.includes(value as T))
    throw badParameter(name, `must be one of ${allowed.join(', ')}, not "${value}"`);
  return value as T;
}

/** Parameters about the result, not about what is searched (FHIR R4 §3.1.1.5). */
const resultControls: Record<string, Control> = {
  _count: (search, name, value) => {
    if (!/^\d{1,9}$/.test(value))
      throw badParameter(name, `must be a whole number from 0 to ${maximumCount}, not "${value}"`);
    search.count = Math.min(Number(value), maximumCount);
    return String(search.count);
  },
  _total: (search, name, value) => {
    search.total = oneOf(name, value, ['none', 'estimate', 'accurate'] as const);
  },
  _summary: (search, name, value) => {
    search.summary = oneOf(name, value, summaries);
  },
  _elements: (search, _name, value) => {
    search.elements = elementNames(search.type, value);
  },
  // About the representation (FHIR R4 §3.1.0.1.8): read before the search is, kept in its links.
  _format: () => undefined,
  _pretty: () => undefined,
  _query: (_search, name) => {
    throw badParameter(name, 'this server has no named queries');
  },
  _contained: (_search, name, value) => {
    if (value !== 'false') throw new Unknown(`${name}: ${unsupported.get('_contained')}`);
  },
  _cursor: (search, _name, value) => {
    search.cursor = value;
  },
  _sort: (search, name, value) => {
    const keys = value.split(',').map((part): SortKey => {
      const descending = part.startsWith('-');
      const code = descending ? part.slice(1) : part;
      const definition = parameterDefinition(search.type, code);
      if (!definition || definition.type === 'composite' || definition.type === 'special')
        throw new Unknown(
          `${name}: ${search.type} cannot be sorted by "${code}"; ${allowedParameters(search.type)}`,
        );
      return { definition, descending };
    });
    search.sort.push(...keys);
  },
};

const controls = new Map<string, Control>([
  ...Object.entries(resultControls).map(([code, control]): [string, Control] => [
    code,
    (search, name, value) => {
      if (name !== code) throw notSupported(name, `${code} takes no modifier`);
      return control(search, name, value);
    },
  ]),
  ['_include', (search, name, value) => void search.includes.push(parseInclude(search.type, name, value))],
  [
    '_revinclude',
    (search, name, value) => void search.revincludes.push(parseInclude(search.type, name, value)),
  ],
]);

/** The top-level elements that `_elements` names; a name may be qualified by its type, and below the top level its root counts. */
export function elementNames(type: string, value: string): string[] {
  return value.split(',').map((element) => {
    const path = element.trim().split('.');
    return (path[0] === type && path.length > 1 ? path[1] : path[0]) as string;
  });
}

function parseInclude(base: string, name: string, value: string): Include {
  const modifier = name.slice(name.indexOf('clude') + 5);
  if (modifier !== '' && modifier !== ':iterate' && modifier !== ':recurse')
    throw notSupported(name, 'the only modifier is :iterate');
  const iterate = modifier !== '';
  if (value === '*')
    return {
      source: name.startsWith('_rev') ? '*' : base,
      definition: undefined,
      target: undefined,
      iterate,
    };
  const [source = '', code = '', target, ...rest] = value.split(':');
  if (rest.length > 0)
    throw badParameter(name, 'must be written Type:parameter or Type:parameter:TargetType');
  if (!isServedType(source)) throw new Unknown(`${name}: "${source}" is not a resource type of this server`);
  if (target !== undefined && !isServedType(target))
    throw new Unknown(`${name}: "${target}" is not a resource type of this server`);
  if (code === '*') return { source, definition: undefined, target, iterate };
  const definition = parameterDefinition(source, code);
  if (definition?.type !== 'reference') {
    const allowed = Object.values(typeDefinition(source).parameters)
      .filter((parameter) => parameter.type === 'reference')
      .map((parameter) => `${source}:${parameter.code}`);
    throw new Unknown(
      `${name}: "${value}" does not name a reference; allowed are ${allowed.join(', ')} and *`,
    );
  }
  return { source, definition, target, iterate };
}

function allowedParameters(type: string): string {
  return `allowed are ${Object.keys(typeDefinition(type).parameters).join(', ')}`;
}

/** The values of a parameter, taken apart once for all types that its chain leads to, and how many of these were tried. */
interface Asked {
  values: string[];
  tried: { count: number };
}

function parseFilter(type: string, name: string, asked: Asked, depth: number): Filter {
  if (depth > deepestChain) throw badParameter(name, `chains may be at most ${deepestChain} references deep`);
  if (name.startsWith('_has:')) return parseHas(type, name, asked, depth);
  const dot = name.indexOf('.');
  const head = dot < 0 ? name : name.slice(0, dot);
  const [code = '', ...modifiers] = head.split(':');
  const definition = parameterDefinition(type, code);
  if (!definition) {
    const instead = unsupported.get(code);
    throw new Unknown(
      instead
        ? `${name}: is not supported: ${instead}`
        : `${name}: is not a search parameter of ${type}; ${allowedParameters(type)}`,
    );
  }
  const modifier = modifiers.length === 0 ? undefined : modifiers.join(':');
  if (dot >= 0) return parseChain(name, definition, modifier, name.slice(dot + 1), asked, depth);
  const { values } = asked;
  return { kind: 'value', name, definition, modifier: knownModifier(name, definition, modifier), values };
}

/** @throws Unknown when there is none */
function valuesOf(name: string, value: string): string[] {
  const values = splitUnescaped(value, ',').filter((alternative) => alternative !== '');
  if (values.length === 0) throw new Unknown(`${name}: has no value`);
  return values;
}

function parseChain(
  name: string,
  definition: ParameterDefinition,
  only: string | undefined,
  rest: string,
  asked: Asked,
  depth: number,
): Filter {
  if (definition.type !== 'reference')
    throw badParameter(name, `${definition.code} is not a reference, so it cannot be chained`);
  if (only !== undefined && !definition.targets?.includes(only))
    throw badParameter(
      name,
      `${definition.code} points to ${definition.targets?.join(', ')}, not to "${only}"`,
    );
  const targets: { type: string; filter: Filter }[] = [];
  let problem: Unknown | undefined;
  for (const type of only ? [only] : (definition.targets ?? []))
    try {
      if (++asked.tried.count > mostTried) throw tooManyTypes();
      targets.push({ type, filter: parseFilter(type, rest, asked, depth + 1) });
    } catch (error) {
      if (!(error instanceof Unknown)) throw error;
      problem = error;
    }
  if (targets.length === 0)
    throw new Unknown(`${name}: ${problem?.message ?? 'points to nothing this server has'}`);
  return { kind: 'chain', name, definition, targets };
}

function parseHas(type: string, name: string, asked: Asked, depth: number): Filter {
  const match = /^_has:([A-Za-z]+):([^:]+):(.+)$/.exec(name);
  if (!match) throw badParameter(name, 'must be written _has:Type:reference:parameter');
  const [, other = '', code = '', rest = ''] = match;
  if (!isServedType(other)) throw new Unknown(`${name}: "${other}" is not a resource type of this server`);
  const definition = parameterDefinition(other, code);
  if (definition?.type !== 'reference' || !definition.targets?.includes(type))
    throw badParameter(name, `"${code}" is not a reference from ${other} to ${type}`);
  return { kind: 'has', name, type: other, definition, filter: parseFilter(other, rest, asked, depth + 1) };
}

/** Modifiers by type of parameter (FHIR R4 §3.1.1.4.4). */
const modifiersOf: Partial<Record<ParameterDefinition['type'], readonly string[]>> = {
  token: ['not', 'text', 'of-type', 'missing'],
  string: ['exact', 'contains', 'missing'],
  reference: ['identifier', 'missing'],
  uri: ['below', 'above', 'missing'],
  composite: [],
};

/** @throws FhirError for a modifier that the parameter does not take, whatever the handling (FHIR R4 §3.1.1.4.4) */
function knownModifier(
  name: string,
  definition: ParameterDefinition,
  given: string | undefined,
): string | undefined {
  if (given === undefined) return undefined;
  // The guides' SearchParameters spell it as the code of R4's value set, the text of R4 with a hyphen.
  const modifier = given === 'ofType' ? 'of-type' : given;
  const targets = [...(definition.targets ?? []), ...(definition.otherTargets ?? [])];
  if (targets.includes(modifier)) return modifier;
  // Ids are compared as they are (FHIR R4 §3.1.1.4.1).
  const allowed =
    definition.code === '_id' ? ['not', 'missing'] : (modifiersOf[definition.type] ?? ['missing']);
  if (allowed.includes(modifier)) return modifier;
  const why =
    definition.type === 'token' && ['in', 'not-in', 'above', 'below'].includes(modifier)
      ? `:${modifier} needs a terminology server, which this one does not have; list the codes, separated by commas`
      : `:${modifier} is not a modifier of this ${definition.type} parameter`;
  const names = [...allowed, ...targets].map((m) => `:${m}`).join(', ');
  throw notSupported(name, `${why}; ${names === '' ? 'it takes none' : `allowed are ${names}`}`);
}

const notSupported = (name: string, text: string) =>
  new FhirError(400, 'not-supported', `${name}: ${text}`, name);

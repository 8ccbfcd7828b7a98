import { elementNames, summaries } from '../bundle/subset.js';
import { isServedType, parameterDefinition, typeDefinition } from '../definitions/definitions.js';
import { badParameter } from '../fhir-error.js';
import { parameterTypeOf } from '../parameters/parameter-types.js';
import type { Include, Search, SortKey } from './filter.js';
import { Ignored, unsupported } from './unsupported-parameters.js';
import { allowedParameters, notSupported } from './parse-filter.js';

export const defaultCount = 50;
export const maximumCount = 1000;

/**
 * Reads a parameter into the search.
 * @returns the value that was really used, when it differs from the given one
 */
type Control = (search: Search, name: string, value: string) => string | void;

function oneOf<T extends string>(name: string, value: string, allowed: readonly T[]): T {
  if (!allowed.includes(value as T))
    throw badParameter(name, `must be one of ${allowed.join(', ')}, not "${value}"`);
  return value as T;
}

/** Parameters about the result, not about the resources (FHIR R4 §3.1.1.5). */
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
  // About the representation (FHIR R4 §3.1.0.1.8): the caller reads them; the links keep them.
  _format: () => undefined,
  _pretty: () => undefined,
  _query: (_search, name) => {
    throw badParameter(name, 'this server has no named queries');
  },
  _contained: (_search, name, value) => {
    if (value !== 'false') throw new Ignored(`${name}: ${unsupported.get('_contained')}`);
  },
  _cursor: (search, _name, value) => {
    search.cursor = value;
  },
  _sort: (search, name, value) => {
    search.sort.push(...value.split(',').map((part) => sortKey(search.type, name, part)));
  },
};

function sortKey(type: string, name: string, part: string): SortKey {
  const descending = part.startsWith('-');
  const code = descending ? part.slice(1) : part;
  const definition = parameterDefinition(type, code);
  if (!definition || !parameterTypeOf(definition).sort)
    throw new Ignored(`${name}: ${type} cannot be sorted by "${code}"; ${allowedParameters(type)}`);
  return { definition, descending };
}

const withoutModifier =
  (code: string, control: Control): Control =>
  (search, name, value) => {
    if (name !== code) throw notSupported(name, `${code} takes no modifier`);
    return control(search, name, value);
  };

const controls = new Map<string, Control>([
  ...Object.entries(resultControls).map(([code, control]): [string, Control] => [
    code,
    withoutModifier(code, control),
  ]),
  ['_include', (search, name, value) => void search.includes.push(parseInclude(search.type, name, value))],
  [
    '_revinclude',
    (search, name, value) => void search.revincludes.push(parseInclude(search.type, name, value)),
  ],
]);

/** The reader of a parameter about the result; undefined for a search parameter of a type. */
export const controlOf = (code: string): Control | undefined => controls.get(code);

/** Whether only the last use of the parameter counts. */
export const countsOnce = (code: string): boolean => Object.hasOwn(resultControls, code) && code !== '_sort';

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
  for (const type of target === undefined ? [source] : [source, target])
    if (!isServedType(type)) throw new Ignored(`${name}: "${type}" is not a resource type of this server`);
  if (code === '*') return { source, definition: undefined, target, iterate };
  const definition = parameterDefinition(source, code);
  if (definition?.type !== 'reference') {
    const allowed = Object.values(typeDefinition(source).parameters)
      .filter((parameter) => parameter.type === 'reference')
      .map((parameter) => `${source}:${parameter.code}`);
    throw new Ignored(
      `${name}: "${value}" does not name a reference; allowed are ${allowed.join(', ')} and *`,
    );
  }
  return { source, definition, target, iterate };
}

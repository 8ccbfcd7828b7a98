import { elementNames, summaries, unknownElements } from '../bundle/subset.js';
import { badParameter } from '../fhir-error.js';
import { parseCount } from './count.js';
import type { Search } from './filter.js';
import { notSupported } from './parse-filter.js';
import { parseInclude } from './parse-include.js';
import { parseSortKey } from './sort.js';
import { totals } from './total.js';
import { Ignored, unsupported } from './unsupported-parameters.js';

/**
 * Reads a parameter into the search.
 * @returns the value in use, when it differs from the given one
 */
type Control = (search: Search, name: string, value: string) => string | void;

function oneOf<T extends string>(name: string, value: string, allowed: readonly T[]): T {
  if (!allowed.includes(value as T))
    throw badParameter(name, `must be one of ${allowed.join(', ')}, not "${value}"`);
  return value as T;
}

/** Parameters about the result, not about resources (FHIR R4 §3.1.1.5). */
const resultControls: Record<string, Control> = {
  _count: (search, _name, value) => {
    search.count = parseCount(value, 0);
    return String(search.count);
  },
  _total: (search, name, value) => {
    search.total = oneOf(name, value, totals);
  },
  _summary: (search, name, value) => {
    search.summary = oneOf(name, value, summaries);
  },
  _elements: (search, name, value) => {
    search.elements = elementNames(search.type, value);
    for (const element of unknownElements(search.type, value))
      search.ignored.push(`${name}: ${search.type} has no element "${element}"`);
  },
  // Parameters of the representation (FHIR R4 §3.1.0.1.8). The caller reads them, and the links keep them.
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
    search.sort.push(...value.split(',').map((part) => parseSortKey(search.type, name, part)));
  },
};

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

/** The reader of a parameter about the result. Undefined for a search parameter of a type. */
export const controlOf = (code: string): Control | undefined => controls.get(code);

/** Whether only the last occurrence of the parameter counts. */
export const countsOnce = (code: string): boolean => Object.hasOwn(resultControls, code) && code !== '_sort';

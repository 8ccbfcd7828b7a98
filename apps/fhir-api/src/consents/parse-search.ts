import {
  badParameter,
  defaultCount,
  elementNames,
  parseCount,
  summaries,
  type Summary,
} from '@payer/fhir-store';
import { consentParameters } from './search-parameters.js';

/** A search of Consents, as its parameters ask for it. */
export interface ConsentSearch {
  filters: [name: string, value: string][];
  count: number;
  total: 'none' | 'estimate' | 'accurate' | undefined;
  summary: Summary;
  elements: string[] | undefined;
  /** The parameters that were used, for the link of the Bundle. */
  used: [name: string, value: string][];
  /** What was ignored, in words for the app's developer. */
  ignored: string[];
}

const allowed = `allowed are ${Object.keys(consentParameters).join(', ')}`;

/** Parameters about the result (FHIR R4 §3.1.1.5). The last use of each counts. */
const controls: Readonly<Record<string, (search: ConsentSearch, value: string) => void>> = {
  _count: (search, value) => {
    search.count = parseCount(value, 0);
  },
  _total: (search, value) => {
    search.total = oneOf('_total', value, ['none', 'estimate', 'accurate'] as const);
  },
  _summary: (search, value) => {
    search.summary = oneOf('_summary', value, summaries);
  },
  _elements: (search, value) => {
    search.elements = elementNames('Consent', value);
  },
  // A token finds one Consent at most, so every order is the order.
  _sort: () => undefined,
  // About the representation: the routes read them.
  _format: () => undefined,
  _pretty: () => undefined,
};

function oneOf<T extends string>(name: string, value: string, allowed: readonly T[]): T {
  if (!allowed.includes(value as T))
    throw badParameter(name, `must be one of ${allowed.join(', ')}, not "${value}"`);
  return value as T;
}

/**
 * Reads the parameters of a search. An unknown parameter is ignored under lenient handling, and the answer
 * says so (FHIR R4 §3.1.1.4.1).
 * @throws FhirError 400 for a wrong value, and for an unknown parameter under strict handling
 */
export function parseConsentSearch(
  parameters: readonly (readonly [name: string, value: string])[],
  handling: 'strict' | 'lenient',
): ConsentSearch {
  const search: ConsentSearch = {
    filters: [],
    count: defaultCount,
    total: undefined,
    summary: 'false',
    elements: undefined,
    used: [],
    ignored: [],
  };
  for (const [name, value] of parameters) {
    const problem = value === '' ? 'has no value' : faultOf(name, value);
    if (problem) {
      // An empty parameter is no error (FHIR R4 §3.1.1.3).
      if (handling === 'strict' && value !== '') throw badParameter(name, problem);
      search.ignored.push(`${name}: ${problem}`);
      continue;
    }
    const control = Object.hasOwn(controls, name) ? controls[name] : undefined;
    if (control) {
      control(search, value);
      search.used = search.used.filter(([earlier]) => earlier !== name);
    } else search.filters.push([name, value]);
    search.used.push([name, value]);
  }
  return search;
}

/** Why a parameter is ignored; undefined for one that is used. */
function faultOf(name: string, value: string): string | undefined {
  if (name === '_sort') return unsortable(value);
  if (Object.hasOwn(controls, name)) return undefined;
  const [code = ''] = name.split(':', 1);
  return Object.hasOwn(consentParameters, code)
    ? undefined
    : `is not a search parameter of Consent; ${allowed}. A token finds one Consent, the grant that it was issued for.`;
}

function unsortable(value: string): string | undefined {
  const unknown = value.split(',').find((part) => !Object.hasOwn(consentParameters, part.replace(/^-/, '')));
  return unknown === undefined ? undefined : `Consent cannot be sorted by "${unknown}"; ${allowed}`;
}

import { badParameter, FhirError } from '../fhir-error.js';
import { refuseTooManyTypes } from './chain-limits.js';
import { countValues } from './cost.js';
import { defaultCount } from './count.js';
import type { Search } from './filter.js';
import { Empty, Ignored } from './unsupported-parameters.js';
import { parseFilter } from './parse-filter.js';
import { controlOf, countsOnce } from './result-parameters.js';

const maxParameters = 100;
const maxValues = 20_000;

/**
 * Reads search parameters against the definitions.
 * @throws FhirError 400 when a parameter is used wrongly, or unknown under strict handling
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
      const control = controlOf(code);
      if (value === '' && name !== '_cursor') throw new Empty(name);
      const used = control ? control(search, name, value) : undefined;
      if (!control) search.filters.push(parseFilter(type, name, value, tried));
      // Of a parameter that may occur once, the last occurrence counts, as the self link shows.
      if (countsOnce(code)) search.used = search.used.filter(([earlier]) => earlier !== name);
      if (name !== '_cursor') search.used.push([name, used ?? value]);
    } catch (error) {
      if (!(error instanceof Ignored)) throw error;
      if (handling === 'strict' && !(error instanceof Empty))
        throw badParameter(name, error.message.replace(/^[^ ]*: /, ''));
      search.ignored.push(error.message);
    }
  }
  refuseTooManyTypes(search.filters);
  // FHIR R4 §3.1.1.5.8.
  if (search.summary === 'text' && search.includes.length + search.revincludes.length > 0)
    throw badParameter('_summary', 'text cannot be combined with _include or _revinclude');
  return search;
}

/** Refuses more parameters or values than any search may have, before anything is split. */
function refuseTooMany(params: readonly (readonly [name: string, value: string])[]): void {
  if (params.length > maxParameters)
    throw new FhirError(
      400,
      'too-costly',
      `A search may have at most ${maxParameters} parameters; this one has ${params.length}.`,
    );
  let values = 0;
  for (const [, value] of params) values += countValues(value, maxValues);
  if (values > maxValues)
    throw new FhirError(
      400,
      'too-costly',
      `A search may have at most ${maxValues} values in all; this one has more. Ask for them in several searches.`,
    );
}

import { badParameter } from '../fhir-error.js';
import { dateRange, type DateRange } from '../parameters/date-range.js';
import { aboutRepresentation } from './cursor.js';

/** The parameters of a request for pages that is no search. */
export interface OperationParameters {
  /** Values by name; a parameter without a value is absent. */
  given: ReadonlyMap<string, string>;
  cursor: string | undefined;
  /** The parameters without the cursor. */
  used: [string, string][];
  /** The interval of a date. @throws FhirError 400 when the value is none */
  range(name: string): DateRange | undefined;
}

/**
 * Reads the parameters of an operation, each of which may come once.
 * @param operation its name, such as `$everything`
 * @param allowed the parameters that it defines
 * @throws FhirError 400 that names the parameter
 */
export function readOperationParameters(
  operation: string,
  allowed: readonly string[],
  params: readonly (readonly [name: string, value: string])[],
): OperationParameters {
  const given = new Map<string, string>();
  for (const [name, value] of params) {
    if (![...allowed, ...aboutRepresentation, '_cursor'].includes(name))
      throw badParameter(name, `is not a parameter of ${operation}; allowed are ${allowed.join(', ')}`);
    if (given.has(name) && !aboutRepresentation.includes(name)) throw badParameter(name, 'may be given once');
    if (value !== '') given.set(name, value);
  }
  return {
    given,
    cursor: given.get('_cursor'),
    used: [...given].filter(([name]) => name !== '_cursor'),
    range(name) {
      const value = given.get(name);
      const found = value === undefined ? undefined : dateRange(value);
      if (value !== undefined && !found) throw badParameter(name, `"${value}" is not a date or time`);
      return found;
    },
  };
}

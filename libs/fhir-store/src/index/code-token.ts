import { parameterDefinition } from '../definitions/definitions.js';
import { indexKey } from './keys.js';

/**
 * The element that a row's `tokens` have when a search parameter of the type finds the code in the resource.
 * @throws Error when the type has no such parameter
 */
export function codeToken(type: string, parameter: string, code: string): string {
  const definition = parameterDefinition(type, parameter);
  if (!definition) throw new Error(`${type} has no search parameter ${parameter}`);
  return indexKey.anySystem(definition.number, code);
}

import { isServedType, parameterDefinition, typeDefinition } from '../definitions/definitions.js';
import { badParameter } from '../fhir-error.js';
import type { Include } from './filter.js';
import { notSupported } from './parse-filter.js';
import { Ignored } from './unsupported-parameters.js';

/**
 * Reads `_include` or `_revinclude` (FHIR R4 Search, Including other resources).
 * @param base the type that is searched
 * @throws FhirError 400 when the value is malformed
 * @throws Ignored when it names no reference of this server
 */
export function parseInclude(base: string, name: string, value: string): Include {
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

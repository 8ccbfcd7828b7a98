import { parameterDefinition, typeDefinition, type ParameterDefinition } from '../definitions/definitions.js';
import { badParameter, FhirError } from '../fhir-error.js';
import { parameterTypeOf } from '../parameters/parameter-types.js';
import { targetTypes } from '../parameters/reference.js';
import { splitUnescaped } from '../parameters/values.js';
import { countTriedType, refuseTooDeep } from './chain-limits.js';
import type { Filter } from './filter.js';
import { isHas, parseHas } from './has.js';
import { Empty, Ignored, unsupported } from './unsupported-parameters.js';

/**
 * The values of a parameter, split once for all types of its chain, and the number of types that were tried.
 */
interface Asked {
  values: string[];
  tried: { count: number };
}

/**
 * Reads a search parameter of the type.
 * @param tried counts for all parameters of a search together
 * @throws Ignored when the type has no such parameter; Empty when it has no value
 * @throws FhirError 400 when the parameter is used wrongly
 */
export function parseFilter(type: string, name: string, value: string, tried: { count: number }): Filter {
  const values = splitUnescaped(value, ',').filter((alternative) => alternative !== '');
  if (values.length === 0) throw new Empty(name);
  return filterOf(type, name, { values, tried }, 0);
}

export function allowedParameters(type: string): string {
  return `allowed are ${Object.keys(typeDefinition(type).parameters).join(', ')}`;
}

export const notSupported = (name: string, text: string) =>
  new FhirError(400, 'not-supported', `${name}: ${text}`, name);

function filterOf(type: string, name: string, asked: Asked, depth: number): Filter {
  refuseTooDeep(name, depth);
  if (isHas(name)) {
    const { rest, ...has } = parseHas(type, name);
    return { kind: 'has', name, ...has, filter: filterOf(has.type, rest, asked, depth + 1) };
  }
  const dot = name.indexOf('.');
  const head = dot < 0 ? name : name.slice(0, dot);
  const [code = '', ...modifiers] = head.split(':');
  const definition = parameterDefinition(type, code);
  if (!definition) {
    const instead = unsupported.get(code);
    throw new Ignored(
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
  let problem: Ignored | undefined;
  for (const type of only ? [only] : (definition.targets ?? []))
    try {
      countTriedType(asked.tried);
      targets.push({ type, filter: filterOf(type, rest, asked, depth + 1) });
    } catch (error) {
      if (!(error instanceof Ignored)) throw error;
      problem = error;
    }
  if (targets.length === 0)
    throw new Ignored(`${name}: ${problem?.message ?? 'points to nothing this server has'}`);
  return { kind: 'chain', name, definition, targets };
}

/**
 * @throws FhirError for a modifier that the parameter does not have, under either handling (FHIR R4
 * §3.1.1.4.4)
 */
function knownModifier(
  name: string,
  definition: ParameterDefinition,
  given: string | undefined,
): string | undefined {
  if (given === undefined) return undefined;
  // The guides' SearchParameters use the code of R4's value set (`ofType`). The text of R4 has a hyphen.
  const modifier = given === 'ofType' ? 'of-type' : given;
  const types = targetTypes(definition);
  const { modifiers, refusedModifiers = {} } = parameterTypeOf(definition);
  if (types.includes(modifier) || Object.hasOwn(modifiers, modifier)) return modifier;
  const why = Object.hasOwn(refusedModifiers, modifier)
    ? refusedModifiers[modifier]!
    : `:${modifier} is not a modifier of this ${definition.type} parameter`;
  const names = [...Object.keys(modifiers), ...types].map((one) => `:${one}`).join(', ');
  throw notSupported(name, `${why}; ${names === '' ? 'it takes none' : `allowed are ${names}`}`);
}

import {
  isServedType,
  parameterDefinition,
  typeDefinition,
  type ParameterDefinition,
} from '../definitions/definitions.js';
import { badParameter, FhirError } from '../fhir-error.js';
import { parameterTypeOf } from '../parameters/parameter-types.js';
import { targetTypes } from '../parameters/reference.js';
import { splitUnescaped } from '../parameters/values.js';
import type { Filter } from './filter.js';
import { Ignored, unsupported } from './unsupported-parameters.js';

const maxChainLinks = 4;
/** Types that are tried while chains are read; without a bound, four links try hundreds of thousands. */
const maxTriedTypes = 5000;
/**
 * Rows of a type are gone through so often at most: PostgreSQL plans that in a tenth of a second, and five
 * thousand in ten.
 */
const maxWalks = 500;

/**
 * The values of a parameter, taken apart once for all types that its chain leads to, and how many of these
 * were tried.
 */
interface Asked {
  values: string[];
  tried: { count: number };
}

/**
 * Reads a parameter that is about the resources themselves.
 * @param tried counts for all parameters of a search together
 * @throws Ignored when the type has no such parameter
 * @throws FhirError 400 when the parameter is used wrongly
 */
export function parseFilter(type: string, name: string, value: string, tried: { count: number }): Filter {
  const values = splitUnescaped(value, ',').filter((alternative) => alternative !== '');
  if (values.length === 0) throw new Ignored(`${name}: has no value`);
  return filterOf(type, name, { values, tried }, 0);
}

/** @throws FhirError 400 `too-costly` when the filters of a search lead to too many types */
export function refuseTooManyTypes(filters: readonly Filter[]): void {
  if (filters.reduce((sum, filter) => sum + walksOf(filter), 0) > maxWalks) throw tooManyTypes();
}

/**
 * How often a filter goes through rows of some type: of each target of a chain, the stored and the contained
 * rows.
 */
function walksOf(filter: Filter): number {
  if (filter.kind === 'value') return 0;
  if (filter.kind === 'has') return 1 + walksOf(filter.filter);
  return filter.targets.reduce((sum, target) => sum + 2 * (1 + walksOf(target.filter)), 0);
}

const tooManyTypes = () =>
  new FhirError(
    400,
    'too-costly',
    'The chains of this search lead to too many types; name the type that each reference points to, as in subject:Patient.name.',
  );

export function allowedParameters(type: string): string {
  return `allowed are ${Object.keys(typeDefinition(type).parameters).join(', ')}`;
}

export const notSupported = (name: string, text: string) =>
  new FhirError(400, 'not-supported', `${name}: ${text}`, name);

function filterOf(type: string, name: string, asked: Asked, depth: number): Filter {
  if (depth > maxChainLinks)
    throw badParameter(name, `chains may be at most ${maxChainLinks} references deep`);
  if (name.startsWith('_has:')) return parseHas(type, name, asked, depth);
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
      if (++asked.tried.count > maxTriedTypes) throw tooManyTypes();
      targets.push({ type, filter: filterOf(type, rest, asked, depth + 1) });
    } catch (error) {
      if (!(error instanceof Ignored)) throw error;
      problem = error;
    }
  if (targets.length === 0)
    throw new Ignored(`${name}: ${problem?.message ?? 'points to nothing this server has'}`);
  return { kind: 'chain', name, definition, targets };
}

function parseHas(type: string, name: string, asked: Asked, depth: number): Filter {
  const match = /^_has:([A-Za-z]+):([^:]+):(.+)$/.exec(name);
  if (!match) throw badParameter(name, 'must be written _has:Type:reference:parameter');
  const [, other = '', code = '', rest = ''] = match;
  if (!isServedType(other)) throw new Ignored(`${name}: "${other}" is not a resource type of this server`);
  const definition = parameterDefinition(other, code);
  if (definition?.type !== 'reference' || !definition.targets?.includes(type))
    throw badParameter(name, `"${code}" is not a reference from ${other} to ${type}`);
  return { kind: 'has', name, type: other, definition, filter: filterOf(other, rest, asked, depth + 1) };
}

/**
 * @throws FhirError for a modifier that the parameter does not take, whatever the handling (FHIR R4
 * §3.1.1.4.4)
 */
function knownModifier(
  name: string,
  definition: ParameterDefinition,
  given: string | undefined,
): string | undefined {
  if (given === undefined) return undefined;
  // The guides' SearchParameters spell it as the code of R4's value set, the text of R4 with a hyphen.
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

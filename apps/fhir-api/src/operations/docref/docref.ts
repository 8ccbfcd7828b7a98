import { badParameter, dateRange } from '@payer/fhir-store';
import { type Answer, fhirJson, neverStored } from '../../answer.js';

type Pairs = readonly (readonly [name: string, value: string])[];

/** Result parameters, which pass to the search unchanged. */
const ofResult = ['_count', '_elements', '_format', '_pretty', '_summary', '_total'];
const ofOperation = ['patient', 'start', 'end', 'type', 'on-demand', 'profile'];

/**
 * Translates `$docref` (US Core 6.1.0, OperationDefinition docref) into a search for the member's documents:
 * the documents about care between `start` and `end`, or the current ones without both. Only stored documents
 * are found: none is generated on demand.
 * @returns undefined when the request wants only documents on demand: see {@link noDocuments}
 * @throws FhirError 400 that names the parameter
 */
export function docrefSearch(parameters: Pairs): [string, string][] | undefined {
  const given = new Map<string, string[]>();
  for (const [name, value] of parameters)
    if (value !== '') given.set(name, [...(given.get(name) ?? []), value]);
  const one = (name: string): string | undefined => {
    const [value, ...others] = given.get(name) ?? [];
    if (others.length > 0) throw badParameter(name, 'may be given once');
    return value;
  };
  for (const name of given.keys())
    if (!ofOperation.includes(name) && !ofResult.includes(name))
      throw badParameter(name, `is not a parameter of $docref; allowed are ${ofOperation.join(', ')}`);
  if (given.has('profile'))
    throw badParameter('profile', 'it is not known which profile a document follows; ask by type');
  const onDemand = one('on-demand') ?? 'false';
  if (onDemand !== 'true' && onDemand !== 'false') throw badParameter('on-demand', 'must be true or false');
  const date = (name: string, prefix: string): [string, string][] => {
    const value = one(name);
    if (value === undefined) return [];
    if (!dateRange(value)) throw badParameter(name, `"${value}" is not a dateTime`);
    return [['period', `${prefix}${value}`]];
  };
  const period = [...date('start', 'ge'), ...date('end', 'le')];
  const patient = one('patient');
  const types = given.get('type') ?? [];
  if (onDemand === 'true') return undefined;
  return [
    ...(patient === undefined ? [] : [['patient', patient] as [string, string]]),
    ...(period.length > 0 ? period : [['status', 'current'] as [string, string]]),
    ...(types.length > 0 ? [['type', types.join(',')] as [string, string]] : []),
    ...parameters
      .filter(([name]) => ofResult.includes(name))
      .map(([name, value]): [string, string] => [name, value]),
  ];
}

/** A searchset without matches. @param parameters those of the operation */
export function noDocuments(baseUrl: string, parameters: Pairs): Answer {
  const query = new URLSearchParams(
    parameters.map(([name, value]): [string, string] => [name, value]),
  ).toString();
  const link = [{ relation: 'self', url: `${baseUrl}/DocumentReference/$docref?${query}` }];
  return {
    status: 200,
    headers: { 'content-type': fhirJson, 'cache-control': neverStored },
    body: JSON.stringify({ resourceType: 'Bundle', type: 'searchset', total: 0, link }),
  };
}

interface OperationParameter {
  name?: unknown;
  [value: `value${string}`]: unknown;
}

/**
 * The parameters of an operation's body, each in the form of a query parameter.
 * @param body JSON of a Parameters resource (FHIR R4 Parameters), or undefined without a body
 * @throws FhirError 400 for any other body
 */
export function operationParameters(body: string | undefined): [string, string][] {
  const wrong = () =>
    badParameter(
      'parameter',
      'the body must be a Parameters resource in JSON, each parameter with a name and a value',
    );
  if (body === undefined || body === '') return [];
  let resource: unknown;
  try {
    resource = JSON.parse(body);
  } catch {
    throw wrong();
  }
  const { resourceType, parameter = [] } = (resource ?? {}) as {
    resourceType?: unknown;
    parameter?: unknown;
  };
  if (resourceType !== 'Parameters' || !Array.isArray(parameter)) throw wrong();
  return (parameter as (OperationParameter | null)[]).map((one) => {
    const [held, ...others] = Object.entries(one ?? {}).filter(([key]) => key.startsWith('value'));
    if (typeof one?.name !== 'string' || !held || others.length > 0) throw wrong();
    const [key, value] = held;
    const text = written(value);
    // Without the filter the answer would have more documents than the client wants.
    if (text === undefined)
      throw badParameter(one.name, `${key} cannot be read; give a text, or a Coding with system and code`);
    return [one.name, text];
  });
}

/** A primitive value, or a Coding as `system|code` (FHIR R4 §3.1.1.4.10). Undefined for anything else. */
function written(value: unknown): string | undefined {
  if (typeof value === 'boolean' || typeof value === 'number') return String(value);
  if (isText(value)) return value;
  const { system, code } = (value ?? {}) as { system?: unknown; code?: unknown };
  const isCoding = [system, code].every((part) => part === undefined || isText(part));
  if (!isCoding || (system === undefined && code === undefined)) return undefined;
  const escaped = (text: unknown) => String(text ?? '').replace(/[\\,|$]/g, '\\$&');
  return system === undefined ? escaped(code) : `${escaped(system)}|${escaped(code)}`;
}

const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';

import { resourceTypes } from '@payer/smart';
import { Refusal } from '../gateway/refusal.js';

/** What a request asks for (FHIR R4 §3.1.0, the read-only part of it). */
export type Interaction =
  | { kind: 'read'; type: string; id: string }
  | { kind: 'search'; type: string; parametersIn: 'query' | 'form' }
  | { kind: 'capabilities' }
  | { kind: 'smart-configuration' }
  | { kind: 'options'; allow: string };

const knownTypes = new Set<string>(resourceTypes);
const idPattern = /^[A-Za-z0-9\-.]{1,64}$/;

const readMethods = 'GET, HEAD, OPTIONS';
const formMethods = 'POST, OPTIONS';

/**
 * Finds out what a request asks for.
 * @param path below the FHIR base, as sent: `''` or starting with `/`
 * @throws Refusal 404 when there is no such thing here, 405 with `Allow` when it cannot be done with this method
 */
export function interactionOf(method: string, path: string): Interaction {
  const segments = path.split('/').slice(1);
  if (segments.at(-1) === '') segments.pop();
  const target = targetOf(segments);
  const allow = target.kind === 'search' && target.parametersIn === 'form' ? formMethods : readMethods;
  if (method === 'OPTIONS') return { kind: 'options', allow };
  if (!allow.includes(method)) throw methodNotAllowed(method, allow, target);
  return target;
}

function targetOf(segments: readonly string[]): Exclude<Interaction, { kind: 'options' }> {
  const [first, second, third] = segments;
  if (third === undefined) {
    if (first === 'metadata' && second === undefined) return { kind: 'capabilities' };
    if (first === '.well-known' && second === 'smart-configuration') return { kind: 'smart-configuration' };
  }
  if (first === undefined)
    throw notFound(
      'This is a FHIR base. Its CapabilityStatement is at metadata, its SMART configuration at .well-known/smart-configuration; system-wide interactions are not supported.',
    );
  if (!knownTypes.has(first)) throw unknownType(first);
  if (second === undefined) return { kind: 'search', type: first, parametersIn: 'query' };
  if (third !== undefined || second === '_history' || second.startsWith('$'))
    throw notFound(
      `Only ${first}/[id] (read), ${first}?… (search) and POST ${first}/_search exist; history, versions, operations and compartment paths are not supported.`,
    );
  if (second === '_search') return { kind: 'search', type: first, parametersIn: 'form' };
  if (!idPattern.test(second))
    throw notFound(`A resource id has 1 to 64 letters, digits, hyphens and dots (FHIR R4 §2.24.0.1).`);
  return { kind: 'read', type: first, id: second };
}

function notFound(text: string): Refusal {
  return new Refusal({ status: 404, issueCode: 'not-supported', text });
}

function unknownType(name: string): Refusal {
  const near = [...knownTypes].find((type) => type.toLowerCase() === name.toLowerCase());
  return notFound(
    near
      ? `Resource types are case-sensitive: use ${near}.`
      : `There is no such resource type here. These exist: ${[...knownTypes].join(', ')}.`,
  );
}

function methodNotAllowed(method: string, allow: string, target: Interaction): Refusal {
  const text =
    target.kind === 'search' && target.parametersIn === 'form'
      ? `A search at _search is sent with POST, its parameters as a form.`
      : target.kind === 'search' && method === 'POST'
        ? `This API is read-only: resources cannot be created. To search with POST, use ${target.type}/_search.`
        : `This API is read-only: ${method} is not supported here.`;
  return new Refusal({ status: 405, issueCode: 'not-supported', text, headers: { allow } });
}

import { fhirJson } from '../answer.js';
import { Refusal } from '../gateway/refusal.js';
import { memoize } from './memoize.js';

/**
 * Media ranges that include FHIR JSON, the more specific first: the most specific decides (RFC 9110 §12.5.1).
 */
const ranges = [['application/fhir+json', 'application/json+fhir'], ['application/*'], ['*/*']];
/** Names of JSON that a client without FHIR support sends. */
const genericTypes = ['application/json', 'text/json'];
const formats = new Set(['json', 'application/fhir+json', 'application/json+fhir', ...genericTypes]);

/**
 * The content type of an answer: FHIR's own, or the generic type if the client names and prefers it ("the
 * server SHOULD respond with the requested mime type", FHIR R4 §3.1.0.1.9). `_format` overrides `Accept`
 * (FHIR R4 §3.1.0.1.8). An empty `_format` is ignored.
 * @throws Refusal 406 that names the requested and the supported types, when the client does not accept JSON
 */
export function contentTypeFor(accept: string | undefined, format: string | null): string {
  if (format) {
    const [asked = '', ...parameters] = format.toLowerCase().split(';');
    // In a query, the + of a media type arrives as a space.
    if (!formats.has(asked.trim().replace(' ', '+')) || !parameters.every(isServedVersion))
      throw notAcceptable(`_format=${format}`);
    return fhirJson;
  }
  if (accept === undefined || accept.trim() === '') return fhirJson;
  const contentType = acceptedType(accept);
  if (contentType === undefined) throw notAcceptable(`Accept: ${accept}`);
  return contentType;
}

const acceptedType = memoize((accept): string | undefined => {
  const given = accept
    .split(',')
    .map((range) => range.split(';').map((part) => part.trim().toLowerCase()))
    .map(([type = '', ...parameters]) => ({ type, parameters }))
    .filter(({ parameters }) => parameters.every(isServedVersion));
  const weightIn = (types: readonly string[]) => {
    const about = given.filter(({ type }) => types.includes(type));
    return about.length === 0 ? undefined : Math.max(...about.map(({ parameters }) => weightOf(parameters)));
  };
  const own = ranges.map(weightIn).find((weight) => weight !== undefined) ?? 0;
  const [generic] = genericTypes
    .map((type) => ({ type, weight: weightIn([type]) ?? 0 }))
    .sort((a, b) => b.weight - a.weight);
  if (generic && generic.weight > own) return `${generic.type}; charset=utf-8`;
  return own > 0 ? fhirJson : undefined;
});

const namedValue = (parameter: string) =>
  parameter.split('=').map((part) => part.trim().replaceAll('"', '')) as [string, string?];

/**
 * Whether a media type parameter, in lower case, fits this server: it is no `fhirVersion`, or the version is
 * 4.0 (FHIR R4 §3.1.0.1.9).
 */
export function isServedVersion(parameter: string): boolean {
  const [name, value = ''] = namedValue(parameter);
  return name !== 'fhirversion' || value.startsWith('4.0');
}

/** The weight from 0 (not wanted) to 1. A malformed weight counts as 0. */
function weightOf(parameters: readonly string[]): number {
  const [, weight = '1'] = parameters.map(namedValue).find(([name]) => name === 'q') ?? [];
  return Number(weight) || 0;
}

function notAcceptable(asked: string): Refusal {
  return new Refusal({
    status: 406,
    issueCode: 'not-supported',
    text: `${asked.slice(0, 200)} cannot be served: this API answers in application/fhir+json, FHIR version 4.0.`,
  });
}

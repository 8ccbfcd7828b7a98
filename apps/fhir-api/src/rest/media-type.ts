import { fhirJson } from '../answer.js';
import { Refusal } from '../gateway/refusal.js';
import { remembered } from './remembered.js';

/** Media ranges that FHIR JSON is in, the more specific ones first: those decide (RFC 9110 §12.5.1). */
const ranges = [['application/fhir+json', 'application/json+fhir'], ['application/*'], ['*/*']];
/** What a client that knows no FHIR calls it. */
const genericTypes = ['application/json', 'text/json'];
const formats = new Set(['json', 'application/fhir+json', 'application/json+fhir', ...genericTypes]);

/**
 * The content type of an answer: FHIR's own, or the generic one that the client names and prefers ("the server SHOULD respond with the requested
 * mime type", FHIR R4 §3.1.0.1.9). `_format` overrides `Accept` (FHIR R4 §3.1.0.1.8), an empty one is none.
 * @throws Refusal 406 naming what was asked and what there is, when the client does not take JSON
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

const acceptedType = remembered((accept): string | undefined => {
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

/** Whether a parameter of a media type is not the version of FHIR (FHIR R4 §3.1.0.1.9), or that of this server. */
function isServedVersion(parameter: string): boolean {
  const [name, value = ''] = namedValue(parameter);
  return name !== 'fhirversion' || value.startsWith('4.0');
}

/** From 0, not wanted, to 1; what is no number is not wanted. */
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

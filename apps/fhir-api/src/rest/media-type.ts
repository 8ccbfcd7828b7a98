import { Refusal } from '../gateway/refusal.js';
import { remembered } from './remembered.js';

/** The one representation there is (FHIR R4 §3.1.1.8). */
export const fhirJson = 'application/fhir+json; charset=utf-8';

/** Media ranges that JSON is in, the more specific ones first: those decide (RFC 9110 §12.5.1). */
const ranges = [
  new Set(['application/fhir+json', 'application/json', 'application/json+fhir', 'text/json']),
  new Set(['application/*']),
  new Set(['*/*']),
];
const formats = new Set([
  'json',
  'application/json',
  'application/fhir+json',
  'application/json+fhir',
  'text/json',
]);

/**
 * Checks that the client takes JSON; `_format` overrides `Accept` (FHIR R4 §3.1.0.1.8), an empty one is none.
 * @throws Refusal 406 naming what was asked and what there is
 */
export function refuseOtherFormats(accept: string | undefined, format: string | null): void {
  if (format) {
    const [asked = '', ...parameters] = format.toLowerCase().split(';');
    // In a query, the + of a media type arrives as a space.
    if (!formats.has(asked.trim().replace(' ', '+')) || !parameters.every(isServedVersion))
      throw notAcceptable(`_format=${format}`);
  } else if (accept !== undefined && accept.trim() !== '' && !acceptsJson(accept))
    throw notAcceptable(`Accept: ${accept}`);
}

const acceptsJson = remembered((accept) => {
  const given = accept
    .split(',')
    .map((range) => range.split(';').map((part) => part.trim().toLowerCase()))
    .map(([type = '', ...parameters]) => ({ type, parameters }))
    .filter(({ parameters }) => parameters.every(isServedVersion));
  for (const range of ranges) {
    const about = given.filter(({ type }) => range.has(type));
    if (about.length > 0) return about.some(({ parameters }) => parameters.every(isWanted));
  }
  return false;
});

const namedValue = (parameter: string) =>
  parameter.split('=').map((part) => part.trim().replaceAll('"', '')) as [string, string?];

/** Whether a parameter of a media type is not the version of FHIR (FHIR R4 §3.1.0.1.9), or that of this server. */
function isServedVersion(parameter: string): boolean {
  const [name, value = ''] = namedValue(parameter);
  return name !== 'fhirversion' || value.startsWith('4.0');
}

/** Whether it is not a weight of 0. */
function isWanted(parameter: string): boolean {
  const [name, value = ''] = namedValue(parameter);
  return name !== 'q' || Number(value) > 0;
}

function notAcceptable(asked: string): Refusal {
  return new Refusal({
    status: 406,
    issueCode: 'not-supported',
    text: `${asked.slice(0, 200)} cannot be served: this API answers in application/fhir+json, FHIR version 4.0.`,
  });
}

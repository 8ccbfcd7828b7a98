import { Refusal } from '../gateway/refusal.js';
import { remembered } from './remembered.js';

/** The one representation there is (FHIR R4 §3.1.1.8). */
export const fhirJson = 'application/fhir+json; charset=utf-8';

const acceptable = new Set([
  'application/fhir+json',
  'application/json',
  'application/json+fhir',
  'text/json',
  'application/*',
  '*/*',
]);
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
    if (!formats.has(asked.trim().replace(' ', '+')) || !parameters.every(isServed))
      throw notAcceptable(`_format=${format}`);
  } else if (accept !== undefined && accept.trim() !== '' && !acceptsJson(accept))
    throw notAcceptable(`Accept: ${accept}`);
}

const acceptsJson = remembered((accept) =>
  accept.split(',').some((range) => {
    const [type, ...parameters] = range.split(';').map((part) => part.trim().toLowerCase());
    return acceptable.has(type!) && parameters.every(isServed);
  }),
);

/** Whether a parameter of a media type leaves something to serve: its weight, or the version of FHIR (FHIR R4 §3.1.0.1.9). */
function isServed(parameter: string): boolean {
  const [name, value = ''] = parameter.split('=').map((part) => part.trim().replaceAll('"', ''));
  if (name === 'q') return Number(value) > 0;
  if (name === 'fhirversion') return value.startsWith('4.0');
  return true;
}

function notAcceptable(asked: string): Refusal {
  return new Refusal({
    status: 406,
    issueCode: 'not-supported',
    text: `${asked.slice(0, 200)} cannot be served: this API answers in application/fhir+json, FHIR version 4.0.`,
  });
}

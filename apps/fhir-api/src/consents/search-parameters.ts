import { badParameter, dateRange, FhirError } from '@payer/fhir-store';
import type { TokenConsent } from './token-consent.js';

/** A Consent, and the base URL of its server. */
interface Candidate extends TokenConsent {
  baseUrl: string;
}

interface SearchParameter {
  type: 'token' | 'date' | 'reference';
  /** URL of the definition. */
  definition: string;
  /** Modifiers beside `:missing`. */
  modifiers: readonly string[];
  /** Whether one of the values fits. */
  matches(consent: Candidate, value: string, name: string): boolean;
}

const definitionOf = (id: string) => `http://hl7.org/fhir/SearchParameter/${id}`;

/** The search parameters of Consent. Every Consent has a value for each of them. */
export const consentParameters: Readonly<Record<string, SearchParameter>> = {
  _id: {
    type: 'token',
    definition: definitionOf('Resource-id'),
    modifiers: ['not'],
    matches: ({ resource }, value) => value === resource.id,
  },
  _lastUpdated: {
    type: 'date',
    definition: definitionOf('Resource-lastUpdated'),
    modifiers: [],
    matches: ({ lastUpdated }, value, name) => isInTime(lastUpdated.getTime(), value, name),
  },
  patient: {
    type: 'reference',
    definition: definitionOf('clinical-patient'),
    modifiers: ['Patient'],
    matches: ({ resource, baseUrl }, value) => {
      const reference = resource.patient!.reference!;
      const id = reference.slice(reference.lastIndexOf('/') + 1);
      return [id, `Patient/${id}`, `${baseUrl}/Patient/${id}`].includes(value);
    },
  },
  status: {
    type: 'token',
    definition: definitionOf('Consent-status'),
    modifiers: ['not'],
    matches: ({ resource }, value) => {
      const [code, system] = value.split('|').reverse();
      const isOfSystem = system === undefined || system === 'http://hl7.org/fhir/consent-state-codes';
      return isOfSystem && (code === resource.status || (code === '' && system !== undefined));
    },
  },
};

/** Whether the Consent has one of the values, which commas separate (FHIR R4 §3.1.1.4.5). */
export function isMatch(consent: Candidate, name: string, value: string): boolean {
  const [code = '', ...rest] = name.split(':');
  const parameter = consentParameters[code]!;
  const modifier = rest.length === 0 ? undefined : rest.join(':');
  if (modifier === 'missing') {
    if (value !== 'true' && value !== 'false') throw badParameter(name, 'must be true or false');
    return value === 'false';
  }
  if (modifier !== undefined && !parameter.modifiers.includes(modifier))
    throw notSupported(name, modifier, ['missing', ...parameter.modifiers]);
  const values = value.split(',').filter(Boolean);
  const isAny = values.map((one) => parameter.matches(consent, one, name)).includes(true);
  return modifier === 'not' ? !isAny : isAny;
}

const notSupported = (name: string, modifier: string, allowed: readonly string[]) =>
  new FhirError(
    400,
    'not-supported',
    `${name}: :${modifier} is not a modifier of this parameter; allowed are ${allowed.map((one) => `:${one}`).join(', ')}`,
    name,
  );

/** `_lastUpdated`: an instant, and a date with a prefix (FHIR R4 §3.1.1.4.6). */
function isInTime(instant: number, value: string, name: string): boolean {
  const [, prefix = 'eq', date = ''] = /^([a-z]{2})?(.*)$/s.exec(value) ?? [];
  const range = dateRange(date);
  if (!range)
    throw badParameter(name, `"${value}" is not a date, such as 2026-01-31 or ge2026-01-31T12:00:00Z`);
  const comparisons: Record<string, boolean> = {
    eq: instant >= range.low && instant < range.high,
    ne: instant < range.low || instant >= range.high,
    gt: instant >= range.high,
    sa: instant >= range.high,
    ge: instant >= range.low,
    lt: instant < range.low,
    eb: instant < range.low,
    le: instant < range.high,
  };
  comparisons.ap = comparisons.eq!;
  const isCompared = Object.hasOwn(comparisons, prefix) ? comparisons[prefix] : undefined;
  if (isCompared === undefined)
    throw badParameter(
      name,
      `"${prefix}" is not a prefix; allowed are ${Object.keys(comparisons).join(', ')}`,
    );
  return isCompared;
}

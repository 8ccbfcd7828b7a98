import type {
  Address,
  CodeableConcept,
  ContactPoint,
  Extension,
  HealthcareService,
  Identifier,
  Location,
  Organization,
  OrganizationAffiliation,
  Practitioner,
  PractitionerRole,
  Reference,
} from 'fhir/r4.js';
import { definitionCanonical, guides } from '@payer/smart';

/*
 * Whether a resource of the directory states an element that the rules ask for: names, addresses, phone
 * numbers and specialties (42 CFR 431.70, 422.120(b)), and NPI, network and new patients for Medicare Plan
 * Finder (42 CFR 422.111(m)).
 */

const newPatients = definitionCanonical('plan-net', 'newpatients');
const networkReference = definitionCanonical('plan-net', 'network-reference');
const boundary = 'http://hl7.org/fhir/StructureDefinition/location-boundary-geojson';
const npiSystem = 'http://hl7.org/fhir/sid/us-npi';
const organizationTypes = `${guides['plan-net'].canonical}/CodeSystem/OrgTypeCS`;

const isFilled = (text: string | undefined): boolean => (text ?? '').trim() !== '';

export const hasPhone = (telecom: readonly ContactPoint[] = []): boolean =>
  telecom.some(({ system, value }) => system === 'phone' && isFilled(value));

/** Whether an address names street, city, state and ZIP code. */
export const isWholeAddress = ({ line = [], city, state, postalCode }: Address = {}): boolean =>
  line.some(isFilled) && [city, state, postalCode].every(isFilled);

export const hasSpecialty = (specialty: readonly CodeableConcept[] = []): boolean =>
  specialty.some(({ coding = [], text }) => isFilled(text) || coding.some(({ code }) => isFilled(code)));

/** Whether the extension says if new patients are accepted, yes or no. */
export const saysNewPatients = ({ extension = [] }: { extension?: Extension[] }): boolean =>
  extension.some(
    ({ url, extension: parts = [] }) =>
      url === newPatients && parts.some((part) => part.url === 'acceptingPatients'),
  );

/** Whether a role is in a network. */
export const hasNetwork = ({ extension = [] }: PractitionerRole): boolean =>
  extension.some(
    ({ url, valueReference }) => url === networkReference && isFilled(valueReference?.reference),
  );

/** A National Provider Identifier with the right check digit (45 CFR §162.406). */
export const hasNpi = (identifiers: readonly Identifier[] = []): boolean =>
  identifiers.some(({ system, value = '' }) => system === npiSystem && isNpi(value));

export function isNpi(value: string): boolean {
  if (!/^[12]\d{9}$/.test(value)) return false;
  // Luhn's check over the number behind the prefix 80840.
  const sum = [...`80840${value}`].reverse().reduce((total, digit, place) => {
    const doubled = Number(digit) * (place % 2 === 1 ? 2 : 1);
    return total + (doubled > 9 ? doubled - 9 : doubled);
  }, 0);
  return sum % 10 === 0;
}

export const hasPersonName = ({ name = [] }: Practitioner): boolean =>
  name.some(({ family, text }) => isFilled(family) || isFilled(text));

/** The id of a local reference to a type. */
export function idOf(reference: Reference | undefined, type: string): string | undefined {
  const [found, id] = (reference?.reference ?? '').split('/');
  return found === type ? id : undefined;
}

/** An area where a plan is offered, and no place of care: it has no street and no phone. */
export const isArea = ({ extension = [], address }: Location): boolean =>
  extension.some(({ url }) => url === boundary) && !address?.line;

const typeCodes = ({ type = [] }: Organization): string[] =>
  type.flatMap(({ coding = [] }) =>
    coding.filter(({ system }) => system === organizationTypes).map(({ code = '' }) => code),
  );

/** Whether an organization gives care, and is neither a payer nor a network. */
export const isProvider = (organization: Organization): boolean =>
  !typeCodes(organization).some((code) => code === 'payer' || code === 'ntwk');

export type DirectoryResource =
  Practitioner | PractitionerRole | Organization | OrganizationAffiliation | Location | HealthcareService;

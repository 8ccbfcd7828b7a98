import type { CodeableConcept, Coding, Consent, ConsentProvision } from 'fhir/r4.js';
import type { EnvironmentAddresses } from './environments.js';
import { sensitiveKinds, sensitiveKindTable } from './sensitive-kinds.js';

const terminology = 'http://terminology.hl7.org/CodeSystem';
const actCodes = `${terminology}/v3-ActCode`;
const concept = (system: string, code: string): CodeableConcept => ({ coding: [{ system, code }] });

/** A grant as a FHIR Consent shows it. */
export interface ConsentFacts {
  grantId: string;
  /** Id of the Patient whose records the grant opens. */
  patient: string;
  /** URL of the Patient or RelatedPerson who gave the grant. */
  givenBy: string;
  app: { clientId: string; name?: string | undefined };
  planName: string;
  /** The resource types that the app may read. */
  types: readonly string[];
  /** Keys of the sensitive kinds of data that the member opened. */
  sensitive: readonly string[];
  isActive: boolean;
  /** Undefined when it is not known. */
  createdAt: Date | undefined;
  /** When the grant has ended, or will end by itself. Undefined when it is not known. */
  endsAt: Date | undefined;
}

/**
 * A grant as FHIR R4 Consent (http://hl7.org/fhir/R4/consent.html): the app may access these types of the
 * patient's records, except for the sensitive kinds that stay closed. The consent is inactive when the grant
 * has ended. Times are in whole seconds, as tokens carry them.
 */
export function fhirConsent(addresses: EnvironmentAddresses, facts: ConsentFacts): Consent {
  const { fhirBaseUrl, issuer, managementUrl } = addresses;
  const { grantId, patient, givenBy, createdAt, endsAt } = facts;
  const closed = closedLabels(facts.sensitive);
  return {
    resourceType: 'Consent',
    id: grantId,
    identifier: [{ system: managementUrl, value: grantId }],
    status: facts.isActive ? 'active' : 'inactive',
    scope: concept(`${terminology}/consentscope`, 'patient-privacy'),
    category: [concept('http://loinc.org', '59284-0'), concept(actCodes, 'IDSCL')],
    patient: { reference: `${fhirBaseUrl}/Patient/${patient}` },
    ...(createdAt ? { dateTime: inSeconds(createdAt) } : {}),
    performer: [{ reference: givenBy }],
    organization: [{ display: facts.planName }],
    // Nothing is permitted but the access that the provision names.
    policyRule: concept(actCodes, 'OPTIN'),
    provision: {
      type: 'permit',
      ...(createdAt && endsAt ? { period: { start: inSeconds(createdAt), end: inSeconds(endsAt) } } : {}),
      actor: [recipient(issuer, facts.app)],
      action: [concept(`${terminology}/consentaction`, 'access')],
      purpose: [{ system: `${terminology}/v3-ActReason`, code: 'PATRQT' }],
      class: facts.types.map((code) => ({ system: 'http://hl7.org/fhir/resource-types', code })),
      ...(closed.length > 0 ? { provision: [{ type: 'deny', securityLabel: closed }] } : {}),
    },
  };
}

const inSeconds = (date: Date) => date.toISOString().replace(/\.\d+Z$/, 'Z');

/** The app, as recipient of the information. */
function recipient(
  issuer: string,
  { clientId, name }: ConsentFacts['app'],
): NonNullable<ConsentProvision['actor']>[number] {
  return {
    role: concept(`${terminology}/v3-ParticipationType`, 'IRCP'),
    reference: {
      type: 'Device',
      identifier: { system: issuer, value: clientId },
      ...(name ? { display: name } : {}),
    },
  };
}

/**
 * Labels of the sensitive kinds that the member has not opened. A label of two kinds is closed with either.
 */
function closedLabels(opened: readonly string[]): Coding[] {
  const closed = sensitiveKinds.filter((kind) => !opened.includes(kind));
  const codes = new Set<string>(closed.flatMap((kind) => sensitiveKindTable[kind].codes));
  return [...codes].map((code) => ({ system: actCodes, code }));
}

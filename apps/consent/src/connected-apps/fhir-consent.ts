import { sensitiveKinds, sensitiveKindTable } from '@payer/smart';
import type { CodeableConcept, Coding, Consent, ConsentProvision } from 'fhir/r4.js';
import { openedKindsOf } from '../consent-screen/opened-kinds.js';
import type { Config } from '../config.js';
import type { GrantRow } from '../grants/grants.js';

const terminology = 'http://terminology.hl7.org/CodeSystem';
const actCodes = `${terminology}/v3-ActCode`;
const concept = (system: string, code: string): CodeableConcept => ({ coding: [{ system, code }] });

/**
 * A grant as FHIR R4 Consent (http://hl7.org/fhir/R4/consent.html): the app may access these types of the
 * patient's records, except for the sensitive kinds that stay closed. The consent is inactive when the grant has
 * ended.
 * @param now decides whether the grant has ended by time
 */
export function fhirConsentOf(config: Config, grant: GrantRow, now = new Date()): Consent {
  const { fhirBaseUrl, issuer, managementUrl } = config.addresses[grant.environment];
  const patient = { reference: `${fhirBaseUrl}/Patient/${grant.patient}` };
  const person = grant.related_person
    ? { reference: `${fhirBaseUrl}/RelatedPerson/${grant.related_person}` }
    : patient;
  const isActive = grant.status === 'active' && grant.expires_at > now;
  const end = grant.revoked_at ?? grant.expires_at;
  const closed = closedLabels(grant);
  return {
    resourceType: 'Consent',
    id: grant.grant_id,
    identifier: [{ system: managementUrl, value: grant.grant_id }],
    status: isActive ? 'active' : 'inactive',
    scope: concept(`${terminology}/consentscope`, 'patient-privacy'),
    category: [concept('http://loinc.org', '59284-0'), concept(actCodes, 'IDSCL')],
    patient,
    dateTime: grant.created_at.toISOString(),
    performer: [person],
    organization: [{ display: config.PLAN_NAME }],
    // Nothing is permitted but the access that the provision names.
    policyRule: concept(actCodes, 'OPTIN'),
    provision: {
      type: 'permit',
      period: { start: grant.created_at.toISOString(), end: end.toISOString() },
      actor: [appOf(grant, issuer)],
      action: [concept(`${terminology}/consentaction`, 'access')],
      purpose: [{ system: `${terminology}/v3-ActReason`, code: 'PATRQT' }],
      class: [...new Set(openedKindsOf(grant).flatMap(({ types }) => types))].map((code) => ({
        system: 'http://hl7.org/fhir/resource-types',
        code,
      })),
      ...(closed.length > 0 ? { provision: [{ type: 'deny', securityLabel: closed }] } : {}),
    },
  };
}

/** The app, as recipient of the information. */
function appOf(grant: GrantRow, issuer: string): NonNullable<ConsentProvision['actor']>[number] {
  const { client_id: value, client_name, organization } = grant;
  return {
    role: concept(`${terminology}/v3-ParticipationType`, 'IRCP'),
    reference: {
      type: 'Device',
      identifier: { system: issuer, value },
      display: organization ? `${client_name} (${organization})` : client_name,
    },
  };
}

/** Labels of the sensitive kinds that the member has not opened. A label of two kinds is closed with either. */
function closedLabels(grant: GrantRow): Coding[] {
  const closed = sensitiveKinds.filter((kind) => !grant.sensitive.includes(kind));
  const codes = new Set<string>(closed.flatMap((kind) => sensitiveKindTable[kind].codes));
  return [...codes].map((code) => ({ system: actCodes, code }));
}

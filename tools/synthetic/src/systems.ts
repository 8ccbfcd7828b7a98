import type { CodeableConcept, Coding } from 'fhir/r4.js';

/** Code systems by the names used here. */
export const systems = {
  actCode: 'http://terminology.hl7.org/CodeSystem/v3-ActCode',
  adjudication: 'http://terminology.hl7.org/CodeSystem/adjudication',
  c4bbAdjudication: 'http://hl7.org/fhir/us/carin-bb/CodeSystem/C4BBAdjudication',
  c4bbDiscriminator: 'http://hl7.org/fhir/us/carin-bb/CodeSystem/C4BBAdjudicationDiscriminator',
  c4bbIdentifier: 'http://hl7.org/fhir/us/carin-bb/CodeSystem/C4BBIdentifierType',
  c4bbInfo: 'http://hl7.org/fhir/us/carin-bb/CodeSystem/C4BBSupportingInfoType',
  c4bbNetwork: 'http://hl7.org/fhir/us/carin-bb/CodeSystem/C4BBPayerAdjudicationStatus',
  c4bbSubType: 'http://hl7.org/fhir/us/carin-bb/CodeSystem/C4BBInstitutionalClaimSubType',
  c4bbCareTeam: 'http://hl7.org/fhir/us/carin-bb/CodeSystem/C4BBClaimCareTeamRole',
  c4bbProcedureType: 'http://hl7.org/fhir/us/carin-bb/CodeSystem/C4BBClaimProcedureType',
  c4bbDiagnosisType: 'http://hl7.org/fhir/us/carin-bb/CodeSystem/C4BBClaimDiagnosisType',
  cdt: 'http://www.ada.org/cdt',
  claimType: 'http://terminology.hl7.org/CodeSystem/claim-type',
  claimCareTeam: 'http://terminology.hl7.org/CodeSystem/claimcareteamrole',
  conditionCategory: 'http://terminology.hl7.org/CodeSystem/condition-category',
  conditionClinical: 'http://terminology.hl7.org/CodeSystem/condition-clinical',
  conditionVerification: 'http://terminology.hl7.org/CodeSystem/condition-ver-status',
  coverageClass: 'http://terminology.hl7.org/CodeSystem/coverage-class',
  cpt: 'http://www.ama-assn.org/go/cpt',
  cvx: 'http://hl7.org/fhir/sid/cvx',
  diagnosisType: 'http://terminology.hl7.org/CodeSystem/ex-diagnosistype',
  icd10: 'http://hl7.org/fhir/sid/icd-10-cm',
  loinc: 'http://loinc.org',
  ndc: 'http://hl7.org/fhir/sid/ndc',
  npi: 'http://hl7.org/fhir/sid/us-npi',
  nucc: 'http://nucc.org/provider-taxonomy',
  observationCategory: 'http://terminology.hl7.org/CodeSystem/observation-category',
  pdexAdjudication: 'http://hl7.org/fhir/us/davinci-pdex/CodeSystem/PDexAdjudicationCS',
  pos: 'https://www.cms.gov/Medicare/Coding/place-of-service-codes/Place_of_Service_Code_Set',
  rxnorm: 'http://www.nlm.nih.gov/research/umls/rxnorm',
  snomed: 'http://snomed.info/sct',
  subscriberRelationship: 'http://terminology.hl7.org/CodeSystem/subscriber-relationship',
  tax: 'urn:oid:2.16.840.1.113883.4.4',
  ucum: 'http://unitsofmeasure.org',
  usCoreCategory: 'http://hl7.org/fhir/us/core/CodeSystem/us-core-category',
  v20203: 'http://terminology.hl7.org/CodeSystem/v2-0203',
} as const;

export type System = keyof typeof systems;

export function coding(system: System, code: string, display?: string): Coding {
  return { system: systems[system], code, ...(display ? { display } : {}) };
}

/** A concept with one coding; the display is also its text. */
export function concept(system: System, code: string, display?: string): CodeableConcept {
  return { coding: [coding(system, code, display)], ...(display ? { text: display } : {}) };
}

/** A concept from a code system given by its URL. */
export function conceptOf(system: string, code: string, display?: string): CodeableConcept {
  return {
    coding: [{ system, code, ...(display ? { display } : {}) }],
    ...(display ? { text: display } : {}),
  };
}

import type { Plan } from './plans.js';

/** Resource types of a member's own compartment. */
export const patientCompartmentTypes = [
  'Patient',
  'Coverage',
  'ExplanationOfBenefit',
  'RelatedPerson',
  'AllergyIntolerance',
  'CarePlan',
  'CareTeam',
  'Condition',
  'Device',
  'DiagnosticReport',
  'DocumentReference',
  'Encounter',
  'Goal',
  'Immunization',
  'MedicationDispense',
  'MedicationRequest',
  'Observation',
  'Procedure',
  'Provenance',
  'QuestionnaireResponse',
  'ServiceRequest',
  'Specimen',
] as const;

/** Types outside the compartment that a member's resources point to; readable where something does point to them. */
export const memberReferencedTypes = [
  'Organization',
  'Practitioner',
  'PractitionerRole',
  'Location',
  'Medication',
] as const;

/** The eight Plan-Net types. */
export const directoryTypes = [
  'Practitioner',
  'PractitionerRole',
  'Organization',
  'OrganizationAffiliation',
  'Location',
  'HealthcareService',
  'InsurancePlan',
  'Endpoint',
] as const;

export type PatientCompartmentType = (typeof patientCompartmentTypes)[number];
export type MemberReferencedType = (typeof memberReferencedTypes)[number];
export type DirectoryType = (typeof directoryTypes)[number];
export type ResourceType = PatientCompartmentType | MemberReferencedType | DirectoryType;

/** Every resource type the API knows. */
export const resourceTypes: readonly ResourceType[] = [
  ...new Set<ResourceType>([...patientCompartmentTypes, ...memberReferencedTypes, ...directoryTypes]),
];

export const isResourceType = (value: string): value is ResourceType =>
  (resourceTypes as readonly string[]).includes(value);

/** The resource types a token of the plan may read at all. */
export const resourceTypesOfPlan: Record<Plan, ReadonlySet<string>> = {
  'patient-access': new Set<string>([...patientCompartmentTypes, ...memberReferencedTypes]),
  'provider-directory': new Set<string>(directoryTypes),
};

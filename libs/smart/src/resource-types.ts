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

/**
 * Types outside the compartment that a member's resources may reference. A resource is readable when one of
 * them does.
 */
export const memberReferencedTypes = [
  'Organization',
  'Practitioner',
  'PractitionerRole',
  'Location',
  'Medication',
  'Endpoint',
  'Binary',
] as const;

/**
 * Types that fhir-api makes from the grant of the token. No load brings them, and each token reads the
 * resource of its own grant alone.
 */
export const typesOfGrant = ['Consent'] as const;

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

/** The types of the US Drug Formulary: plans and formularies, their items, the drugs and the places. */
const formularyTypes = ['InsurancePlan', 'Basic', 'MedicationKnowledge', 'Location'] as const;

export type PatientCompartmentType = (typeof patientCompartmentTypes)[number];
export type MemberReferencedType = (typeof memberReferencedTypes)[number];
export type TypeOfGrant = (typeof typesOfGrant)[number];
export type DirectoryType = (typeof directoryTypes)[number];
export type FormularyType = (typeof formularyTypes)[number];
/** A type of which loads bring resources. */
export type StoredType = PatientCompartmentType | MemberReferencedType | DirectoryType | FormularyType;
export type ResourceType = StoredType | TypeOfGrant;

/** The types of public data: the directory and the formulary. No resource of them may be about a member. */
export const publicTypes: readonly (DirectoryType | FormularyType)[] = [
  ...new Set([...directoryTypes, ...formularyTypes]),
];

/** Every resource type that is stored. */
export const storedTypes: readonly StoredType[] = [
  ...new Set<StoredType>([...patientCompartmentTypes, ...memberReferencedTypes, ...publicTypes]),
];

/** Every resource type that the API serves. */
export const resourceTypes: readonly ResourceType[] = [...storedTypes, ...typesOfGrant];

/** Types that are read by id alone: no search parameter finds them. */
export const typesWithoutSearch = ['Binary'] as const satisfies readonly ResourceType[];

/** Every resource type that the API searches. */
export const searchedTypes: readonly ResourceType[] = resourceTypes.filter(
  (type) => !(typesWithoutSearch as readonly string[]).includes(type),
);

/** Every resource type whose search parameters the store indexes. */
export const indexedTypes: readonly StoredType[] = storedTypes.filter(
  (type) => !(typesWithoutSearch as readonly string[]).includes(type),
);

export const isTypeOfGrant = (value: string): value is TypeOfGrant =>
  (typesOfGrant as readonly string[]).includes(value);

export const isResourceType = (value: string): value is ResourceType =>
  (resourceTypes as readonly string[]).includes(value);

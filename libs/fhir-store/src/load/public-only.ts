import { definitions, isCompartmentType, isServedType } from '../definitions/definitions.js';

const publicOnly: ReadonlySet<string> = new Set(definitions.publicOnly);

/** The other types of R4's Patient compartment. None is served here; each may be about a member. */
const unservedMemberTypes: ReadonlySet<string> = new Set(
  `Account AdverseEvent Appointment AppointmentResponse AuditEvent BodyStructure ChargeItem Claim ClaimResponse
   ClinicalImpression Communication CommunicationRequest Composition Consent CoverageEligibilityRequest
   CoverageEligibilityResponse DetectedIssue DeviceRequest DeviceUseStatement DocumentManifest EnrollmentRequest
   EpisodeOfCare FamilyMemberHistory Flag Group ImagingStudy ImmunizationEvaluation ImmunizationRecommendation
   Invoice List MeasureReport Media MedicationAdministration MedicationStatement MolecularSequence NutritionOrder
   Person RequestGroup ResearchSubject RiskAssessment Schedule SupplyDelivery SupplyRequest Task
   VisionPrescription`.split(/\s+/),
);

const isOfMember = (type: string): boolean => isCompartmentType(type) || unservedMemberTypes.has(type);

/**
 * Whether everybody may read resources of a type. A Medication is read with the request that refers to it.
 */
const isPublic = (type: string): boolean => !isCompartmentType(type) && type !== 'Medication';

/** The type that a reference leads to, from its text: relative, absolute or conditional. */
const typeOfReference = (reference: string): string | undefined =>
  /(?:^|\/)([A-Z][A-Za-z]+)(?:\/[A-Za-z0-9\-.]{1,64}(?:\/_history\/[^/]+)?|\?.*)$/.exec(reference)?.[1];

/**
 * Finds how a public resource leads to a member. Such a resource must not be stored, for everybody could read
 * it. R4 counts Basic to the Patient compartment, and this server serves it as items of a drug formulary. So
 * each reference of a Basic must lead to a public type; one that says no type may lead to a member.
 * @returns what it leads to, as a noun; undefined when it leads to no member
 */
export function memberOfPublic(resource: Record<string, unknown>): string | undefined {
  const type = String(resource.resourceType);
  if (!isPublic(type) && !publicOnly.has(type)) return undefined;
  const { resourceType: _type, ...elements } = resource;
  return memberTypeIn(elements, publicOnly.has(type));
}

function memberTypeIn(value: unknown, isStrict: boolean): string | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  if (isStrict && isUntypedReference(value)) return 'resource known by an identifier alone';
  for (const [name, item] of Object.entries(value)) {
    if (typeof item !== 'string') {
      const found = memberTypeIn(item, isStrict);
      if (found !== undefined) return found;
    } else if (name === 'reference') {
      const type = typeOfReference(item.replace(/#.*$/, '').replace(/\/$/, ''));
      if (type !== undefined && isOfMember(type)) return type;
      const isToPublic = item.startsWith('#') || (type !== undefined && isServedType(type) && isPublic(type));
      if (isStrict && !isToPublic) return type ?? 'resource of an unknown type';
    } else if ((name === 'type' || name === 'resourceType') && isOfMember(item)) {
      // `Reference.type` beside an identifier, and contained resources.
      return item;
    }
  }
  return undefined;
}

/** Whether a value is a Reference with an identifier that says no type (FHIR R4 §2.3.0). */
function isUntypedReference(value: object): boolean {
  const { reference, type, identifier } = value as Record<string, unknown>;
  const hasIdentifier = typeof identifier === 'object' && identifier !== null && !Array.isArray(identifier);
  return hasIdentifier && reference === undefined && type === undefined;
}

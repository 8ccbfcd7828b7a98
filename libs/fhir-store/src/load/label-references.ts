import { isCompartmentType } from '../definitions/definitions.js';
import { isTypeAndId, localReference } from '../index/references.js';

type Json = Record<string, unknown>;

/**
 * Elements that say with a reference what R4 also says with a code: the drug, the reason, the diagnosis, the
 * results. Without the code, only the target tells whether the resource is sensitive. A note has the visit in
 * this place. References that say who, where and when are not here: a weight that was taken at a sensitive
 * visit is not sensitive.
 */
const elements: Readonly<Record<string, readonly string[]>> = {
  CarePlan: [
    'addresses',
    'activity.outcomeReference',
    'activity.reference',
    'activity.detail.reasonReference',
    'activity.detail.productReference',
  ],
  CareTeam: ['reasonReference'],
  Condition: ['evidence.detail'],
  DiagnosticReport: ['result'],
  DocumentReference: ['context.encounter', 'context.related'],
  Encounter: ['reasonReference', 'diagnosis.condition'],
  ExplanationOfBenefit: [
    'diagnosis.diagnosisReference',
    'procedure.procedureReference',
    'prescription',
    'supportingInfo.valueReference',
  ],
  Goal: ['addresses', 'outcomeReference'],
  Immunization: ['reasonReference'],
  Medication: ['ingredient.itemReference'],
  MedicationDispense: ['medicationReference', 'authorizingPrescription'],
  MedicationRequest: ['medicationReference', 'reasonReference'],
  Observation: ['hasMember', 'derivedFrom'],
  Procedure: ['reasonReference', 'complicationDetail', 'usedReference'],
  ServiceRequest: ['reasonReference'],
};

const pathsByType = new Map(
  Object.entries(elements).map(([type, paths]) => [type, paths.map((path) => path.split('.'))]),
);

/**
 * Whether resources of a type may have a label. A Medication belongs to no compartment, and members'
 * resources refer to it.
 */
export const isLabelledType = (type: string): boolean => isCompartmentType(type) || type === 'Medication';

/** The resources whose labels a resource shares, as `Type/id` each: it tells what they tell. */
export function labelReferences(resource: Json, baseUrl: string): string[] {
  const found = new Set<string>();
  const collect = (value: unknown, path: readonly string[], depth: number): void => {
    if (Array.isArray(value)) for (const item of value) collect(item, path, depth);
    else if (typeof value !== 'object' || value === null) return;
    else if (depth < path.length) collect((value as Json)[path[depth]!], path, depth + 1);
    else {
      const { reference } = value as Json;
      const target = typeof reference === 'string' ? localReference(reference, baseUrl) : '';
      if (isTypeAndId(target) && isLabelledType(target.slice(0, target.indexOf('/')))) found.add(target);
    }
  };
  const contained = Array.isArray(resource.contained) ? (resource.contained as (Json | null)[]) : [];
  for (const one of [resource, ...contained])
    for (const path of pathsByType.get(String(one?.resourceType)) ?? []) collect(one, path, 0);
  found.delete(`${String(resource.resourceType)}/${String(resource.id)}`);
  return [...found];
}

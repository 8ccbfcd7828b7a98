import type { Patient, RelatedPerson } from 'fhir/r4.js';
import { meta, reference } from './meta.js';
import { uuidOf } from './random.js';
import { conceptOf } from './systems.js';

/** Id of the RelatedPerson that every patient has: a parent of a child, the spouse of an adult. */
export const relativeId = (patient: string): string => uuidOf(`${patient} relative`);

/** Id of the RelatedPerson that stands for a patient's carer. */
export const carerId = (patient: string): string => uuidOf(`${patient} carer`);

/** A grown daughter who cares for the patient, and acts for the patient at the plan. */
export function carerOf(patient: Patient, name: string, updated: string): RelatedPerson {
  const [given = '', ...rest] = name.split(' ');
  return {
    resourceType: 'RelatedPerson',
    id: carerId(patient.id ?? ''),
    meta: meta(updated, 'carin:C4BB-RelatedPerson', 'core:us-core-relatedperson'),
    active: true,
    patient: reference(patient),
    relationship: [conceptOf('http://terminology.hl7.org/CodeSystem/v3-RoleCode', 'DAUC', 'daughter')],
    name: [{ text: name, family: rest.join(' '), given: [given] }],
    telecom: patient.telecom?.filter(({ system }) => system === 'phone'),
    address: patient.address?.map(({ line, city, state, postalCode, country }) => ({
      line,
      city,
      state,
      postalCode,
      country,
    })),
  };
}

import type { Device, FhirResource, Patient, Practitioner, RelatedPerson } from 'fhir/r4.js';
import { assessments } from './assessments.js';
import { addDays, at } from './dates.js';
import { type Directory, practitionerName } from './directory.js';
import { extensionUrl, meta, reference } from './meta.js';
import { type Random, uuidOf } from './random.js';
import { coding, concept, conceptOf } from './systems.js';
import type { Visit } from './visit.js';

/**
 * The part of a clinical record that no single visit makes: allergy, goal, care team, care plan, implant,
 * assessments.
 */
export function lastingRecord(
  random: Random,
  patient: Patient,
  directory: Directory,
  relative: RelatedPerson,
  last: Visit,
  hasImplant: boolean,
  add: <R extends FhirResource>(resource: R) => R,
): void {
  const subject = reference(patient);
  const id = (name: string) => uuidOf(`${patient.id} ${name}`);
  const doctor = directory.practitioners[last.doctor] as Practitioner;
  const role = directory.roles[(last.doctor + 1) % directory.roles.length];
  const lastDay = last.story.date;
  const updated = at(addDays(lastDay, 2), 4);
  add({
    resourceType: 'AllergyIntolerance' as const,
    id: id('allergy'),
    meta: meta(updated, 'core:us-core-allergyintolerance'),
    clinicalStatus: conceptOf(
      'http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical',
      'active',
      'Active',
    ),
    verificationStatus: conceptOf(
      'http://terminology.hl7.org/CodeSystem/allergyintolerance-verification',
      'confirmed',
      'Confirmed',
    ),
    code: concept('snomed', '91936005', 'Allergy to penicillin'),
    patient: subject,
    reaction: [{ manifestation: [concept('snomed', '247472004', 'Wheal')] }],
  });
  add({
    resourceType: 'Goal' as const,
    id: id('goal'),
    meta: meta(updated, 'core:us-core-goal'),
    lifecycleStatus: 'active' as const,
    description: {
      coding: [coding('snomed', '281090004', 'Recommendation to exercise')],
      text: 'Walk half an hour on five days of the week',
    },
    subject,
    startDate: lastDay,
    target: [{ dueDate: addDays(lastDay, 180) }],
    expressedBy: subject,
  });
  const team = add({
    resourceType: 'CareTeam' as const,
    id: id('care team'),
    meta: meta(updated, 'core:us-core-careteam'),
    status: 'active' as const,
    name: 'Care team',
    subject,
    participant: [
      {
        role: [concept('snomed', '453231000124104', 'Primary care provider')],
        member: reference(doctor, practitionerName(doctor)),
      },
      ...(role ? [{ role: role.specialty, member: reference(role) }] : []),
      { role: [concept('snomed', '133932002', 'Caregiver')], member: reference(relative) },
    ],
  });
  add({
    resourceType: 'CarePlan' as const,
    id: id('care plan'),
    meta: meta(updated, 'core:us-core-careplan'),
    text: {
      status: 'generated' as const,
      div: '<div xmlns="http://www.w3.org/1999/xhtml">Exercise, medication review in six months.</div>',
    },
    status: 'active' as const,
    intent: 'plan' as const,
    category: [conceptOf('http://hl7.org/fhir/us/core/CodeSystem/careplan-category', 'assess-plan')],
    subject,
    careTeam: [reference(team)],
    period: { start: lastDay, ...(patient.deceasedDateTime ? {} : { end: addDays(lastDay, 365) }) },
  });
  // Long ago, and nobody knows when: the date is absent with its reason.
  add({
    resourceType: 'Procedure' as const,
    id: id('former procedure'),
    meta: meta(updated, 'core:us-core-procedure'),
    status: 'completed' as const,
    code: concept('snomed', '80146002', 'Excision of appendix'),
    subject,
    reasonCode: [concept('snomed', '74400008', 'Appendicitis')],
    _performedDateTime: {
      extension: [{ url: extensionUrl('base', 'data-absent-reason'), valueCode: 'unknown' }],
    },
  });
  if (hasImplant)
    add<Device>({
      resourceType: 'Device',
      id: id('device'),
      meta: meta(updated, 'core:us-core-implantable-device'),
      status: 'active',
      udiCarrier: [
        { deviceIdentifier: '00844588003288', carrierHRF: '(01)00844588003288(17)141120(10)7654321D' },
      ],
      distinctIdentifier: 'A99971312345600',
      manufactureDate: '2019-04-01',
      expirationDate: '2034-04-01',
      lotNumber: '7654321D',
      serialNumber: '10987654d321',
      type: concept('snomed', '304120007', 'Total knee replacement prosthesis'),
      patient: subject,
    });
  assessments(random, patient, doctor, last.encounter, lastDay, add);
}

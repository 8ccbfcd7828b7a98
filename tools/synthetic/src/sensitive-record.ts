import type { Condition, FhirResource, Observation, Patient } from 'fhir/r4.js';
import type { Directory } from './directory.js';
import { practitionerName } from './directory.js';
import { at } from './dates.js';
import { meta, reference } from './meta.js';
import { type Random, uuidOf } from './random.js';
import { concept, conceptOf, systems } from './systems.js';
import type { Visit } from './visit.js';

/**
 * Diagnoses of sensitive kinds: SNOMED CT, ICD-10-CM, and the code of HL7's sensitivity policy. A label of
 * each kind of `libs/smart/src/sensitive-kinds.ts` occurs.
 */
const diagnoses = [
  { snomed: '7200002', display: 'Alcoholism', icd10: 'F10.20', label: 'SUD' },
  { snomed: '35489007', display: 'Depressive disorder', icd10: 'F32.9', label: 'PSY' },
  { snomed: '86406008', display: 'Human immunodeficiency virus infection', icd10: 'B20', label: 'HIV' },
  { snomed: '240589008', display: 'Chlamydia trachomatis infection', icd10: 'A56.8', label: 'STD' },
] as const;

/** Adds diagnoses, and a test, that bear labels of sensitivity in `meta.security` (FHIR R4 §6.1.1). */
export function sensitiveRecord(
  random: Random,
  patient: Patient,
  directory: Directory,
  visits: readonly Visit[],
  add: <R extends FhirResource>(resource: R) => R,
): void {
  const subject = reference(patient);
  const labelled = (updated: string, label: string, ...profiles: Parameters<typeof meta>[1][]) => ({
    ...meta(updated, ...profiles),
    security: [
      { system: systems.actCode, code: label },
      { system: confidentiality, code: 'R' },
    ],
  });
  diagnoses.forEach(({ snomed, display, icd10, label }, n) => {
    const { story, encounter, doctor } = visits[n % visits.length]!;
    const practitioner = directory.practitioners[doctor]!;
    const updated = encounter.meta?.lastUpdated ?? at(story.date, 20);
    add<Condition>({
      resourceType: 'Condition',
      id: uuidOf(`${patient.id} sensitive ${label}`),
      meta: labelled(updated, label, 'core:us-core-condition-problems-health-concerns'),
      clinicalStatus: concept('conditionClinical', 'active'),
      verificationStatus: concept('conditionVerification', 'confirmed'),
      category: [concept('conditionCategory', 'problem-list-item')],
      code: {
        coding: [
          { system: systems.snomed, code: snomed, display },
          { system: systems.icd10, code: icd10 },
        ],
        text: display,
      },
      subject,
      encounter: reference(encounter),
      onsetDateTime: story.date,
      recordedDate: story.date,
      recorder: reference(practitioner, practitionerName(practitioner)),
    });
  });
  const { story, encounter } = visits[0]!;
  add<Observation>({
    resourceType: 'Observation',
    id: uuidOf(`${patient.id} sensitive laboratory`),
    meta: labelled(encounter.meta?.lastUpdated ?? at(story.date, 20), 'HIV', 'core:us-core-observation-lab'),
    status: 'final',
    category: [conceptOf(systems.observationCategory, 'laboratory')],
    code: concept(
      'loinc',
      '25836-8',
      'HIV 1 RNA [#/volume] (viral load) in Specimen by NAA with probe detection',
    ),
    subject,
    encounter: reference(encounter),
    effectiveDateTime: at(story.date, 15, 20),
    valueQuantity: {
      value: random.int(20, 40),
      unit: '{copies}/mL',
      system: systems.ucum,
      code: '{copies}/mL',
    },
  });
}

const confidentiality = 'http://terminology.hl7.org/CodeSystem/v3-Confidentiality';

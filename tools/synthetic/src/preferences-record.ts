import type { FhirResource, Observation, Patient } from 'fhir/r4.js';
import { addDays, at } from './dates.js';
import { meta, reference } from './meta.js';
import { uuidOf } from './random.js';
import { concept, conceptOf, systems } from './systems.js';
import type { Visit } from './visit.js';

const usCoreCategory = (code: string, display: string) => conceptOf(systems.usCoreCategory, code, display);
const category = (code: string) => conceptOf(systems.observationCategory, code);
const quantity = (value: number, unit: string, code = unit) => ({ value, unit, system: systems.ucum, code });

/**
 * Adds the Observations that US Core profiles from version 7.0.0 on: what the member wishes and measures at
 * home.
 */
export function preferencesRecord(
  patient: Patient,
  visits: readonly Visit[],
  add: <R extends FhirResource>(resource: R) => R,
): void {
  const last = visits.at(-1);
  if (!last) return;
  const { date } = last.story;
  const subject = reference(patient);
  const observation = (
    profile: string,
    rest: Pick<Observation, 'category' | 'code'> & Partial<Observation>,
  ): Observation =>
    add<Observation>({
      resourceType: 'Observation',
      id: uuidOf(`${patient.id} preferences ${profile}`),
      meta: meta(at(addDays(date, 2), 6), `core:us-core-${profile}`),
      status: 'final',
      subject,
      ...(rest.effectivePeriod ? {} : { effectiveDateTime: at(date, 16) }),
      performer: [subject],
      ...rest,
    });
  observation('care-experience-preference', {
    category: [usCoreCategory('care-experience-preference', 'Care experience preference')],
    code: concept('loinc', '95541-9', 'Care experience preference'),
    valueString: 'I would like my sister to be called first, and to have music in the room.',
  });
  observation('treatment-intervention-preference', {
    category: [usCoreCategory('treatment-intervention-preference', 'Treatment intervention preference')],
    code: concept('loinc', '75773-2', 'Goals, preferences, and priorities for medical treatment [Reported]'),
    valueString: 'I would rather treat pain without opioids where that is possible.',
  });
  const bloodPressure = (value: number | undefined, code: string, display: string) => ({
    code: concept('loinc', code, display),
    ...(value === undefined
      ? {
          dataAbsentReason: conceptOf(
            'http://terminology.hl7.org/CodeSystem/data-absent-reason',
            'unknown',
            'Unknown',
          ),
        }
      : { valueQuantity: quantity(value, 'mm[Hg]') }),
  });
  observation('average-blood-pressure', {
    category: [category('vital-signs')],
    code: concept('loinc', '96607-7', 'Blood pressure panel mean systolic and mean diastolic'),
    effectivePeriod: { start: at(addDays(date, -6), 8), end: at(date, 8) },
    component: [
      bloodPressure(128, '96608-5', 'Systolic blood pressure mean'),
      bloodPressure(79, '96609-3', 'Diastolic blood pressure mean'),
      bloodPressure(undefined, '103205-1', 'Mean blood pressure by Oscillometry'),
    ],
  });
  observation('smokingstatus', {
    category: [category('social-history')],
    code: concept('snomed', '401201003', 'Cigarette pack-years'),
    valueQuantity: quantity(4, 'pack-years', '{pack-years}'),
  });
}

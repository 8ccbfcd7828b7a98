import type {
  CodeableConcept,
  Encounter,
  FhirResource,
  Observation,
  Patient,
  Practitioner,
  QuestionnaireResponse,
  Quantity,
} from 'fhir/r4.js';
import { addDays, at, yearsBetween } from './dates.js';
import { practitionerName } from './directory.js';
import { extensionUrl, meta, reference } from './meta.js';
import { type Random, uuidOf } from './random.js';
import { concept, conceptOf, systems } from './systems.js';

const category = (code: string, system: string = systems.observationCategory) => conceptOf(system, code);
const quantity = (value: number, unit: string): Quantity => ({
  value,
  unit,
  system: systems.ucum,
  code: unit,
});
const unknown = conceptOf('http://terminology.hl7.org/CodeSystem/data-absent-reason', 'unknown', 'Unknown');

/**
 * Assessments that happen once: social history, screening for social needs, oxygen, examinations, and
 * assessments of children. One of each US Core Observation profile that visits do not make.
 */
export function assessments(
  random: Random,
  patient: Patient,
  practitioner: Practitioner,
  encounter: Encounter,
  date: string,
  add: <R extends FhirResource>(resource: R) => R,
): void {
  const subject = reference(patient);
  const who = reference(practitioner, practitionerName(practitioner));
  const updated = at(addDays(date, 1), 5);
  const age = yearsBetween(patient.birthDate ?? '1970-01-01', date);
  const observation = (
    profile: string,
    key: string,
    code: CodeableConcept,
    categories: CodeableConcept[],
    rest: Partial<Observation>,
  ) =>
    add<Observation>({
      resourceType: 'Observation',
      id: uuidOf(`${patient.id} assessment ${profile} ${key}`),
      meta: meta(updated, `core:us-core-${profile}`),
      status: 'final',
      category: categories,
      code,
      subject,
      ...(rest.effectivePeriod ? {} : { effectiveDateTime: at(date, 15, 40) }),
      performer: [who],
      ...rest,
    });
  const social = [category('social-history')];
  const vital = [category('vital-signs')];
  const loinc = (code: string, display: string) => concept('loinc', code, display);

  observation(
    'pulse-oximetry',
    'oxygen',
    {
      coding: [
        {
          system: systems.loinc,
          code: '59408-5',
          display: 'Oxygen saturation in Arterial blood by Pulse oximetry',
        },
        { system: systems.loinc, code: '2708-6', display: 'Oxygen saturation in Arterial blood' },
      ],
      text: 'Oxygen saturation',
    },
    vital,
    {
      valueQuantity: quantity(random.int(94, 99), '%'),
      component: [
        { code: loinc('3151-8', 'Inhaled oxygen flow rate'), valueQuantity: quantity(2, 'L/min') },
        { code: loinc('3150-0', 'Inhaled oxygen concentration'), valueQuantity: quantity(28, '%') },
      ],
    },
  );
  observation('pulse-oximetry', 'not measured', loinc('59408-5', 'Oxygen saturation'), vital, {
    code: {
      coding: [
        {
          system: systems.loinc,
          code: '59408-5',
          display: 'Oxygen saturation in Arterial blood by Pulse oximetry',
        },
        { system: systems.loinc, code: '2708-6', display: 'Oxygen saturation in Arterial blood' },
      ],
    },
    dataAbsentReason: unknown,
    component: [
      { code: loinc('3151-8', 'Inhaled oxygen flow rate'), dataAbsentReason: unknown },
      { code: loinc('3150-0', 'Inhaled oxygen concentration'), dataAbsentReason: unknown },
    ],
  });
  observation(
    'blood-pressure',
    'not measured',
    loinc('85354-9', 'Blood pressure panel with all children optional'),
    vital,
    {
      component: [
        { code: loinc('8480-6', 'Systolic blood pressure'), dataAbsentReason: unknown },
        { code: loinc('8462-4', 'Diastolic blood pressure'), dataAbsentReason: unknown },
      ],
    },
  );
  if (age >= 18)
    observation('observation-occupation', 'work', loinc('11341-5', 'History of Occupation'), social, {
      effectivePeriod: { start: `${Number((patient.birthDate ?? '1970').slice(0, 4)) + 16}-07-01` },
      valueCodeableConcept: { text: 'Machinist' },
      component: [
        {
          code: loinc('86188-0', 'History of Occupation industry'),
          valueCodeableConcept: { text: 'Manufacturing' },
        },
      ],
    });
  if (age >= 18)
    observation('observation-sexual-orientation', 'asked', loinc('76690-7', 'Sexual orientation'), social, {
      valueCodeableConcept: concept('snomed', '20430005', 'Heterosexual'),
    });
  if (patient.gender === 'female' && age >= 16 && age <= 55) {
    observation('observation-pregnancystatus', 'asked', loinc('82810-3', 'Pregnancy status'), social, {
      valueCodeableConcept: concept('snomed', '60001007', 'Not pregnant'),
    });
    observation(
      'observation-pregnancyintent',
      'asked',
      loinc('86645-9', 'Pregnancy intention in the next year'),
      social,
      {
        valueCodeableConcept: concept('snomed', '454381000124105', 'Not wanting to become pregnant'),
      },
    );
  }

  const answers = add<QuestionnaireResponse>(questionnaire(random, patient, practitioner, date, updated));
  const survey = [category('survey'), category('sdoh', systems.usCoreCategory)];
  const screening = (key: string, code: CodeableConcept, rest: Partial<Observation>) =>
    observation('observation-screening-assessment', key, code, survey, rest);
  const housing = screening('housing', loinc('71802-3', 'Housing status'), {
    valueCodeableConcept: concept('loinc', 'LA30189-7', 'I have housing'),
    derivedFrom: [reference(answers)],
  });
  const household = screening(
    'household',
    loinc('63512-8', 'How many people are living or staying at this address'),
    {
      valueQuantity: quantity(random.int(1, 5), '{#}'),
      derivedFrom: [reference(answers)],
    },
  );
  const worries = screening('worries', loinc('93033-9', 'Are you worried about losing your housing'), {
    valueString: 'Not at the moment',
    derivedFrom: [reference(answers)],
  });
  screening(
    'panel',
    loinc(
      '93025-5',
      'Protocol for Responding to and Assessing Patients’ Assets, Risks, and Experiences [PRAPARE]',
    ),
    {
      hasMember: [housing, household, worries].map((part) => reference(part)),
    },
  );

  const simple = (key: string, code: CodeableConcept, rest: Partial<Observation>) =>
    observation('simple-observation', key, code, [category('social-history')], rest);
  if (age >= 13)
    simple('alcohol', loinc('11287-0', 'Alcoholic drinks per drinking day'), {
      valueQuantity: quantity(random.int(0, 2), '{drinks}/d'),
      derivedFrom: [reference(answers)],
    });
  simple('diet', loinc('81663-7', 'Diet'), { valueString: 'Mixed' });
  simple('caregiver', loinc('80413-8', 'Caregiver'), { valueCodeableConcept: { text: 'Family' } });
  simple('driving', loinc('81364-2', 'Drives'), { valueBoolean: age >= 16 });

  const clinical = (key: string, code: CodeableConcept, of: string, rest: Partial<Observation>) =>
    observation('observation-clinical-result', key, code, [category(of)], {
      encounter: reference(encounter),
      ...rest,
    });
  clinical('ejection fraction', loinc('10230-1', 'Left ventricular Ejection fraction'), 'procedure', {
    valueQuantity: quantity(random.int(50, 68), '%'),
  });
  clinical('rhythm', loinc('8884-9', 'Heart rate rhythm'), 'procedure', {
    valueCodeableConcept: concept('snomed', '64730000', 'Normal sinus rhythm'),
  });
  const chest = clinical('chest', loinc('24648-8', 'XR Chest PA upright'), 'imaging', {
    valueString: 'No acute findings.',
  });
  add({
    resourceType: 'DiagnosticReport' as const,
    id: uuidOf(`${patient.id} assessment chest report`),
    meta: meta(updated, 'core:us-core-diagnosticreport-note'),
    status: 'final' as const,
    category: [concept('loinc', 'LP29684-5', 'Radiology')],
    code: concept('loinc', '24648-8', 'XR Chest PA upright'),
    subject,
    encounter: reference(encounter),
    effectiveDateTime: at(date, 15, 40),
    issued: at(date, 20),
    performer: [who],
    result: [reference(chest)],
    presentedForm: [
      {
        contentType: 'text/plain',
        data: Buffer.from('Chest, PA upright: heart and lungs unremarkable. No acute findings.').toString(
          'base64',
        ),
      },
    ],
  });

  if (age <= 3) {
    observation(
      'head-circumference',
      'head',
      {
        coding: [
          { system: systems.loinc, code: '9843-4', display: 'Head Occipital-frontal circumference' },
          {
            system: systems.loinc,
            code: '8287-5',
            display: 'Head Occipital-frontal circumference by Tape measure',
          },
        ],
      },
      vital,
      { valueQuantity: quantity(random.int(44, 50), 'cm') },
    );
    for (const [profile, code, display] of [
      [
        'head-occipital-frontal-circumference-percentile',
        '8289-1',
        'Head Occipital-frontal circumference Percentile',
      ],
      ['pediatric-weight-for-height', '77606-2', 'Weight-for-length Per age and sex'],
      ['pediatric-bmi-for-age', '59576-9', 'Body mass index (BMI) [Percentile] Per age and sex'],
    ] as const)
      add<Observation>({
        resourceType: 'Observation',
        id: uuidOf(`${patient.id} assessment ${profile}`),
        meta: meta(updated, `core:${profile}`),
        status: 'final',
        category: vital,
        code: loinc(code, display),
        subject,
        effectiveDateTime: at(date, 15, 40),
        performer: [who],
        valueQuantity: quantity(random.int(10, 90), '%'),
      });
  }
}

function questionnaire(
  random: Random,
  patient: Patient,
  practitioner: Practitioner,
  date: string,
  updated: string,
): QuestionnaireResponse {
  return {
    resourceType: 'QuestionnaireResponse',
    id: uuidOf(`${patient.id} questionnaire`),
    meta: meta(updated, 'core:us-core-questionnaireresponse'),
    identifier: { system: 'https://plan.example/questionnaire-response', value: `Q${random.digits(8)}` },
    questionnaire: 'http://hl7.org/fhir/us/core/Questionnaire/prapare-example',
    _questionnaire: {
      extension: [
        { url: 'http://hl7.org/fhir/StructureDefinition/display', valueString: 'PRAPARE' },
        {
          url: extensionUrl('core', 'us-core-extension-questionnaire-uri'),
          valueUri: 'https://plan.example/forms/prapare',
        },
      ],
    },
    status: 'completed',
    subject: reference(patient),
    authored: at(date, 14),
    author: reference(practitioner),
    item: [
      {
        linkId: '/71802-3',
        text: 'What is your housing situation today?',
        answer: [
          {
            valueCoding: { system: systems.loinc, code: 'LA30189-7', display: 'I have housing' },
            item: [
              {
                linkId: '/71802-3/since',
                text: 'Since when?',
                answer: [{ valueString: 'More than a year' }],
              },
            ],
          },
        ],
      },
      {
        linkId: '/household',
        text: 'Household',
        item: [
          {
            linkId: '/household/63586-2',
            text: 'Share of income spent on rent, percent',
            answer: [{ valueDecimal: random.int(15, 40) }],
          },
        ],
      },
      { linkId: '/percent', text: 'Hours of sleep', answer: [{ valueDecimal: 7.5 }] },
      { linkId: '/note', text: 'Anything to add?', answer: [{ valueString: 'No' }] },
    ],
  };
}

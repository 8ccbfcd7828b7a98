import type {
  Condition,
  Encounter,
  FhirResource,
  Observation,
  Patient,
  Procedure,
  RelatedPerson,
} from 'fhir/r4.js';
import { Body } from './body.js';
import { labs, vaccines, vitals } from './clinical-codes.js';
import { addDays, at, yearsBetween } from './dates.js';
import { addDocument } from './documents.js';
import { type Directory, practitionerName } from './directory.js';
import { lastingRecord } from './lasting-record.js';
import { extensionUrl, meta, reference } from './meta.js';
import { addPrescription } from './prescriptions.js';
import { type Random, uuidOf } from './random.js';
import { storiesOf } from './stories.js';
import { concept, conceptOf, systems } from './systems.js';
import type { Visit } from './visit.js';

/**
 * A member's clinical record over the years, a visit at a time. A resource is added after those it refers to.
 */
export function clinicalRecord(
  random: Random,
  patient: Patient,
  directory: Directory,
  relative: RelatedPerson,
  /** The last day of the story. */
  end: string,
  add: <R extends FhirResource>(resource: R) => R,
): Visit[] {
  const subject = reference(patient);
  const id = (what: string) => uuidOf(`${patient.id} ${what}`);
  const born = patient.birthDate ?? '1970-01-01';
  const stories = storiesOf(random, born, end);
  const body = new Body(random, patient, yearsBetween(born, end));
  const given = new Set<string>();
  const visits: Visit[] = [];
  let operation: Procedure | undefined;

  stories.forEach((told, n) => {
    const { illness: story, date, onset, abatement, stay } = told;
    const age = yearsBetween(born, date);
    const left = addDays(date, stay?.days ?? 0);
    const updated = at(addDays(left, 2), 4);
    const doctor = random.int(0, directory.practitioners.length - 1);
    const practitioner = directory.practitioners[doctor] as (typeof directory.practitioners)[number];
    const who = reference(practitioner, practitionerName(practitioner));
    const clinic = directory.clinics[Math.floor(doctor / 2)] ?? directory.hospital;
    const location = directory.locations[Math.floor(doctor / 2)] as (typeof directory.locations)[number];

    const encounter = add<Encounter>({
      resourceType: 'Encounter',
      id: id(`encounter ${n}`),
      meta: meta(updated, 'core:us-core-encounter'),
      identifier: [{ system: 'https://plan.example/encounter', value: `E${random.digits(9)}` }],
      status: 'finished',
      class: {
        system: systems.actCode,
        code: stay ? 'IMP' : 'AMB',
        display: stay ? 'inpatient encounter' : 'ambulatory',
      },
      type: [
        stay
          ? concept('snomed', '32485007', 'Hospital admission')
          : concept('snomed', '185349003', 'Encounter for check up'),
      ],
      subject,
      participant: [
        {
          type: [
            conceptOf(
              'http://terminology.hl7.org/CodeSystem/v3-ParticipationType',
              'PPRF',
              'primary performer',
            ),
          ],
          period: { start: at(date, 15), end: at(date, 16) },
          individual: who,
        },
      ],
      period: { start: at(date, 15), end: at(left, 16) },
      reasonCode: [concept('snomed', story.snomed, story.display)],
      ...(stay
        ? {
            hospitalization: {
              dischargeDisposition: conceptOf(
                'http://terminology.hl7.org/CodeSystem/discharge-disposition',
                'home',
                'Home',
              ),
            },
            serviceProvider: reference(directory.hospital, directory.hospital.name),
          }
        : {
            location: [{ location: reference(location, location.name) }],
            serviceProvider: reference(clinic, clinic.name),
          }),
    });

    const conditionOf = (category: 'problem-list-item' | 'encounter-diagnosis') =>
      add<Condition>({
        resourceType: 'Condition',
        id: id(`condition ${category} ${n}`),
        meta: meta(
          updated,
          category === 'encounter-diagnosis'
            ? 'core:us-core-condition-encounter-diagnosis'
            : 'core:us-core-condition-problems-health-concerns',
        ),
        extension: [{ url: extensionUrl('base', 'condition-assertedDate'), valueDateTime: date }],
        clinicalStatus: concept('conditionClinical', abatement ? 'resolved' : 'active'),
        verificationStatus: concept('conditionVerification', 'confirmed'),
        category: [
          concept('conditionCategory', category),
          ...(category === 'problem-list-item' && n === 0 ? [concept('usCoreCategory', 'sdoh', 'SDOH')] : []),
        ],
        code: {
          coding: [
            { system: systems.snomed, code: story.snomed, display: story.display },
            { system: systems.icd10, code: story.icd10 },
          ],
          text: story.display,
        },
        subject,
        encounter: reference(encounter),
        onsetDateTime: onset,
        ...(abatement ? { abatementDateTime: abatement } : {}),
        recordedDate: date,
        recorder: who,
      });
    const problem = conditionOf('problem-list-item');
    const condition = conditionOf('encounter-diagnosis');
    encounter.reasonReference = [reference(problem)];

    const observation = (
      key: string,
      profile: string,
      rest: Partial<Observation> & Pick<Observation, 'code'>,
    ) =>
      add<Observation>({
        resourceType: 'Observation',
        id: id(`observation ${key} ${n}`),
        meta: meta(updated, `core:${profile}`),
        status: 'final',
        category: [
          conceptOf(
            systems.observationCategory,
            profile.startsWith('us-core-observation-lab') ? 'laboratory' : 'vital-signs',
          ),
        ],
        subject,
        encounter: reference(encounter),
        effectiveDateTime: at(date, 15, 20),
        performer: [who],
        ...rest,
      });
    const quantity = (value: number, unit: string) => ({ value, unit, system: systems.ucum, code: unit });

    const order = add({
      resourceType: 'ServiceRequest' as const,
      id: id(`order ${n}`),
      meta: meta(updated, 'core:us-core-servicerequest'),
      status: 'completed' as const,
      intent: 'order' as const,
      category: [concept('snomed', '108252007', 'Laboratory procedure')],
      code: concept('loinc', '24323-8', 'Comprehensive metabolic 2000 panel - Serum or Plasma'),
      subject,
      encounter: reference(encounter),
      occurrencePeriod: { start: at(date, 15), end: at(date, 18) },
      authoredOn: at(date, 15),
      requester: who,
      reasonCode: [concept('snomed', story.snomed, story.display)],
    });
    const specimen = add({
      resourceType: 'Specimen' as const,
      id: id(`specimen ${n}`),
      meta: meta(updated, 'core:us-core-specimen'),
      identifier: [{ system: 'https://plan.example/specimen', value: `S${random.digits(8)}` }],
      accessionIdentifier: { system: 'https://plan.example/accession', value: `A${random.digits(8)}` },
      type: concept('snomed', '119297000', 'Blood specimen'),
      subject,
      collection: {
        collectedDateTime: at(date, 15, 10),
        bodySite: concept('snomed', '368208006', 'Left upper arm structure'),
      },
      condition: [conceptOf('http://terminology.hl7.org/CodeSystem/v2-0493', 'COOL', 'Cool')],
    });
    const results = labs.map((lab) => {
      const value = Number((lab.low + random.next() * (lab.high - lab.low + lab.spread)).toFixed(1));
      return observation(lab.code, 'us-core-observation-lab', {
        code: concept('loinc', lab.code, lab.display),
        valueQuantity: quantity(value, lab.unit),
        interpretation: [
          conceptOf(
            'http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation',
            value > lab.high ? 'H' : 'N',
            value > lab.high ? 'High' : 'Normal',
          ),
        ],
        referenceRange: [{ low: quantity(lab.low, lab.unit), high: quantity(lab.high, lab.unit) }],
        specimen: reference(specimen),
        issued: at(date, 20),
      });
    });
    results.push(
      observation('nitrite', 'us-core-observation-lab', {
        code: concept('loinc', '5802-4', 'Nitrite [Presence] in Urine by Test strip'),
        valueCodeableConcept: concept('snomed', '260385009', 'Negative'),
        specimen: reference(specimen),
      }),
      observation('color', 'us-core-observation-lab', {
        code: concept('loinc', '5778-6', 'Color of Urine'),
        valueString: 'Yellow',
        specimen: reference(specimen),
      }),
    );
    add({
      resourceType: 'DiagnosticReport' as const,
      id: id(`report ${n}`),
      meta: meta(updated, 'core:us-core-diagnosticreport-lab'),
      basedOn: [reference(order)],
      status: 'final' as const,
      category: [conceptOf('http://terminology.hl7.org/CodeSystem/v2-0074', 'LAB', 'Laboratory')],
      code: concept('loinc', '24323-8', 'Comprehensive metabolic 2000 panel - Serum or Plasma'),
      subject,
      encounter: reference(encounter),
      effectiveDateTime: at(date, 15, 20),
      issued: at(date, 20),
      performer: [who],
      resultsInterpreter: [who],
      result: results.map((result) => reference(result)),
    });
    const vital = (of: (typeof vitals)[keyof typeof vitals], value: number) =>
      observation(of.code, of.profile, {
        code: concept('loinc', of.code, of.display),
        valueQuantity: quantity(value, of.unit),
      });
    const { weight, height, bmi, heartRate, respiratoryRate, temperature, systolic, diastolic } = body.at(
      random,
      age,
    );
    vital(vitals.weight, weight);
    vital(vitals.height, height);
    vital(vitals.bmi, bmi);
    vital(vitals.heartRate, heartRate);
    vital(vitals.respiratoryRate, respiratoryRate);
    vital(vitals.temperature, temperature);
    observation('85354-9', 'us-core-blood-pressure', {
      code: concept('loinc', '85354-9', 'Blood pressure panel with all children optional'),
      component: [
        {
          code: concept('loinc', '8480-6', 'Systolic blood pressure'),
          valueQuantity: quantity(systolic, 'mm[Hg]'),
        },
        {
          code: concept('loinc', '8462-4', 'Diastolic blood pressure'),
          valueQuantity: quantity(diastolic, 'mm[Hg]'),
        },
      ],
    });
    if (age >= 13)
      observation('smoking', 'us-core-smokingstatus', {
        category: [conceptOf(systems.observationCategory, 'social-history', 'Social History')],
        code: concept('loinc', '72166-2', 'Tobacco smoking status'),
        valueCodeableConcept: body.smoking,
      });

    addPrescription({ patient, directory, told, n, encounter, condition, who, updated }, add);
    add({
      resourceType: 'Procedure' as const,
      id: id(`procedure ${n}`),
      meta: meta(updated, 'core:us-core-procedure'),
      basedOn: [reference(order)],
      status: 'completed' as const,
      code: concept('snomed', '396550006', 'Blood test'),
      subject,
      encounter: reference(encounter),
      performedDateTime: at(date, 15, 10),
      performer: [{ actor: who }],
      reasonReference: [reference(condition)],
    });
    if (stay)
      operation = add<Procedure>({
        resourceType: 'Procedure',
        id: id(`treatment ${n}`),
        meta: meta(updated, 'core:us-core-procedure'),
        status: 'completed',
        code: concept('snomed', stay.procedure.snomed, stay.procedure.display),
        subject,
        encounter: reference(encounter),
        performedPeriod: { start: at(date, 17), end: at(date, 19) },
        performer: [{ actor: who }],
        reasonReference: [reference(condition)],
      });
    const suitable = vaccines.filter(({ cvx, from, to }) => from <= age && age <= to && !given.has(cvx));
    const { cvx, display: vaccine } = suitable[0] ?? (vaccines[0] as (typeof vaccines)[number]);
    // The last is refused: it can be given at another time.
    const isRefused = n === stories.length - 1;
    if (!isRefused) given.add(cvx);
    add({
      resourceType: 'Immunization' as const,
      id: id(`immunization ${n}`),
      meta: meta(updated, 'core:us-core-immunization'),
      ...(isRefused
        ? {
            status: 'not-done' as const,
            statusReason: conceptOf(
              'http://terminology.hl7.org/CodeSystem/v3-ActReason',
              'PATOBJ',
              'patient objection',
            ),
          }
        : { status: 'completed' as const }),
      vaccineCode: concept('cvx', cvx, vaccine),
      patient: subject,
      encounter: reference(encounter),
      occurrenceDateTime: at(date, 15, 30),
      primarySource: true,
      location: reference(location),
      performer: [{ actor: who }],
    });
    addDocument(
      {
        patient,
        n,
        encounter,
        who,
        clinic,
        updated,
        date,
        lines: [story.display, `Plan: ${story.medication.display}.`],
      },
      add,
    );
    visits.push({ story: told, encounter, doctor });
  });

  const last = visits.at(-1);
  if (last) {
    const hasImplant = Boolean(operation && visits[0]?.story.stay?.implant);
    lastingRecord(random, patient, directory, relative, last, hasImplant, add);
  }
  return visits;
}

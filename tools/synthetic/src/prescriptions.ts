import type {
  Condition,
  Encounter,
  Extension,
  FhirResource,
  Medication,
  MedicationRequest,
  Patient,
  Reference,
} from 'fhir/r4.js';
import { addDays, at } from './dates.js';
import type { Directory } from './directory.js';
import { extensionUrl, meta, reference } from './meta.js';
import { uuidOf } from './random.js';
import type { Story } from './stories.js';
import { concept, conceptOf, systems } from './systems.js';

interface Prescribing {
  patient: Patient;
  directory: Directory;
  told: Story;
  /** The number of the visit. */
  n: number;
  encounter: Encounter;
  condition: Condition;
  who: Reference;
  updated: string;
}

/** Adds the prescription of a visit, and its dispense unless the claim was refused. */
export function addPrescription(
  { patient, directory, told, n, encounter, condition, who, updated }: Prescribing,
  add: <R extends FhirResource>(resource: R) => R,
): void {
  const { illness: story, date, abatement, stay } = told;
  const left = addDays(date, stay?.days ?? 0);
  const subject = reference(patient);
  const id = (name: string) => uuidOf(`${patient.id} ${name}`);
  const quantity = (value: number, unit: string) => ({ value, unit, system: systems.ucum, code: unit });
  const medication = add<MedicationRequest>({
    resourceType: 'MedicationRequest',
    id: id(`prescription ${n}`),
    meta: meta(updated, 'core:us-core-medicationrequest'),
    // Of the second prescription, the member has said how it is taken.
    ...(n === 1 ? { extension: [adherence(at(addDays(left, 30), 9))] } : {}),
    status: abatement ? 'completed' : 'active',
    intent: 'order',
    category: [
      conceptOf('http://terminology.hl7.org/CodeSystem/medicationrequest-category', 'community', 'Community'),
    ],
    // Some systems name the medication in place, others reference or contain it; some say who reported it.
    ...(n === 1
      ? {
          reportedReference: who,
          medicationReference: reference(medicationOf(directory, story.medication.rxnorm)),
        }
      : n === 2
        ? {
            contained: [containedIn(medicationOf(directory, story.medication.rxnorm))],
            reportedBoolean: false,
            medicationReference: { reference: '#medication' },
          }
        : {
            reportedBoolean: false,
            medicationCodeableConcept: concept('rxnorm', story.medication.rxnorm, story.medication.display),
          }),
    subject,
    encounter: reference(encounter),
    authoredOn: left,
    requester: who,
    reasonReference: [reference(condition)],
    dosageInstruction: [
      {
        text: 'Take one tablet by mouth once daily',
        timing: { repeat: { frequency: 1, period: 1, periodUnit: 'd' } },
        route: concept('snomed', '26643006', 'Oral route'),
        doseAndRate: [{ doseQuantity: quantity(1, '{tbl}') }],
      },
    ],
    dispenseRequest: { numberOfRepeatsAllowed: story.isAcute ? 0 : 5, quantity: quantity(30, '{tbl}') },
  });
  if (!told.isPrescriptionRefused)
    add({
      resourceType: 'MedicationDispense' as const,
      id: id(`dispense ${n}`),
      meta: meta(updated, 'core:us-core-medicationdispense'),
      status: 'completed' as const,
      // As of prescriptions, some systems point to the medication.
      ...(n === 1
        ? { medicationReference: reference(medicationOf(directory, story.medication.rxnorm)) }
        : {
            medicationCodeableConcept: concept('rxnorm', story.medication.rxnorm, story.medication.display),
          }),
      subject,
      context: reference(encounter),
      performer: [{ actor: reference(directory.pharmacy, directory.pharmacy.name) }],
      authorizingPrescription: [reference(medication)],
      type: conceptOf(systems.actCode, 'FF', 'First Fill'),
      quantity: quantity(30, '{tbl}'),
      whenHandedOver: at(addDays(left, 1), 10),
      dosageInstruction: [
        {
          text: 'Take one tablet by mouth once daily',
          timing: { repeat: { frequency: 1, period: 1, periodUnit: 'd' } },
          route: concept('snomed', '26643006', 'Oral route'),
          doseAndRate: [{ doseQuantity: quantity(1, '{tbl}') }],
        },
      ],
    });
}

/** The member's own statement that the medicine is taken as prescribed (US Core 7.0.0). */
const adherence = (dateAsserted: string): Extension => ({
  url: extensionUrl('core', 'us-core-medication-adherence'),
  extension: [
    {
      url: 'medicationAdherence',
      valueCodeableConcept: concept('snomed', '1156699004', 'Complies with drug therapy'),
    },
    { url: 'dateAsserted', valueDateTime: dateAsserted },
    { url: 'informationSource', valueCodeableConcept: concept('snomed', '116154003', 'Patient') },
  ],
});

/** A copy for a contained resource, which has no meta and no text. */
const containedIn = ({ resourceType, code }: Medication): Medication => ({
  resourceType,
  id: 'medication',
  code,
});

function medicationOf(directory: Directory, rxnorm: string): Medication {
  const found = directory.medications.find(({ code }) => code?.coding?.[0]?.code === rxnorm);
  if (!found) throw new Error(`the directory has no medication ${rxnorm}`);
  return found;
}

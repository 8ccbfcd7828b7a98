import type { Encounter, FhirResource, Organization, Patient, Reference } from 'fhir/r4.js';
import { at } from './dates.js';
import { meta, reference } from './meta.js';
import { pdfOf } from './pdf.js';
import { uuidOf } from './random.js';
import { concept, conceptOf } from './systems.js';

interface Documented {
  patient: Patient;
  /** The number of the visit. */
  n: number;
  encounter: Encounter;
  who: Reference;
  clinic: Organization;
  updated: string;
  date: string;
  /** What the document says. */
  lines: readonly string[];
}

/** Adds the progress note of a visit: every second one as a Binary, as most payers keep their documents. */
export function addDocument(
  { patient, n, encounter, who, clinic, updated, date, lines }: Documented,
  add: <R extends FhirResource>(resource: R) => R,
): void {
  const id = (name: string) => uuidOf(`${patient.id} ${name} ${n}`);
  const subject = reference(patient);
  const isBinary = n % 2 === 0;
  const contentType = isBinary ? 'application/pdf' : 'text/plain';
  const data = isBinary ? pdfOf(lines) : Buffer.from(lines.join('. '));
  if (isBinary)
    add({
      resourceType: 'Binary' as const,
      id: id('binary'),
      meta: { lastUpdated: updated },
      contentType,
      securityContext: { reference: `DocumentReference/${id('document')}` },
      data: data.toString('base64'),
    });
  add({
    resourceType: 'DocumentReference' as const,
    id: id('document'),
    meta: meta(updated, 'core:us-core-documentreference'),
    identifier: [{ system: 'https://plan.example/document', value: `D${patient.id}-${n}` }],
    status: 'current' as const,
    type: concept('loinc', '11506-3', 'Progress note'),
    category: [
      conceptOf(
        'http://hl7.org/fhir/us/core/CodeSystem/us-core-documentreference-category',
        'clinical-note',
        'Clinical Note',
      ),
    ],
    subject,
    date: at(date, 17),
    author: [who],
    custodian: reference(clinic, clinic.name),
    content: [
      {
        attachment: {
          contentType,
          ...(isBinary
            ? { url: `Binary/${id('binary')}`, size: data.length, title: 'Progress note' }
            : { data: data.toString('base64') }),
        },
        format: {
          system: 'http://ihe.net/fhir/ihe.formatcode.fhir/CodeSystem/formatcode',
          code: 'urn:ihe:iti:xds:2017:mimeTypeSufficient',
        },
      },
    ],
    context: { encounter: [reference(encounter)], period: { start: at(date, 15), end: at(date, 16) } },
  });
}

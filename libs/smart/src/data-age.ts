import { z } from 'zod';
import { endOfNextBusinessDay } from './business-days.js';
import { environments } from './environments.js';
import { directoryTypes, patientCompartmentTypes } from './resource-types.js';

/** The time within which a payer makes data available. */
export const duties = ['one-business-day', 'thirty-days'] as const;
export type Duty = (typeof duties)[number];

interface DataAgeRow {
  duty: Duty;
  /** The clause that sets the time. */
  rule: string;
  /** The event that starts the time, in the words of the rule. */
  begins: string;
  types: readonly string[];
  /** The resources of the types that are meant; all when absent. */
  where?: { element: string; value: string };
  /** Elements of a resource with the time of adjudication, decision or record. Each is a date or a Period. */
  dates: readonly string[];
}

const benefit = ['ExplanationOfBenefit'];
const aboutBenefits = new Set(['Patient', 'Coverage', 'ExplanationOfBenefit', 'RelatedPerson', 'Encounter']);

/**
 * The kinds of data whose age is watched, each with the time that a rule gives a payer. `meta.lastUpdated` of
 * a source counts beside the dates of each row.
 */
export const dataAgeTable = {
  claims: {
    duty: 'one-business-day',
    rule: '42 CFR 422.119(b)(1)(i)',
    begins: 'a claim is processed',
    types: benefit,
    where: { element: 'use', value: 'claim' },
    dates: ['created'],
  },
  priorAuthorizations: {
    duty: 'one-business-day',
    rule: '42 CFR 422.119(b)(1)(iv)',
    begins: 'a request is received, or its status changes',
    types: benefit,
    where: { element: 'use', value: 'preauthorization' },
    dates: ['created'],
  },
  encounters: {
    duty: 'one-business-day',
    rule: '42 CFR 422.119(b)(1)(ii)',
    begins: 'encounter data is received',
    types: ['Encounter'],
    dates: ['period'],
  },
  clinical: {
    duty: 'one-business-day',
    rule: '42 CFR 422.119(b)(1)(iii)',
    begins: 'clinical data is received',
    types: patientCompartmentTypes.filter((type) => !aboutBenefits.has(type)),
    dates: ['issued', 'recorded', 'recordedDate', 'authored', 'authoredOn', 'date', 'effectiveDateTime'],
  },
  directory: {
    duty: 'thirty-days',
    rule: '42 CFR 422.120(b)(3)',
    begins: 'new or changed information about a provider is received',
    types: directoryTypes,
    dates: [],
  },
} as const satisfies Record<string, DataAgeRow>;

export type DataAgeKind = keyof typeof dataAgeTable;
export const dataAgeKinds = Object.keys(dataAgeTable) as DataAgeKind[];
export const isDataAgeKind = (name: string): name is DataAgeKind => Object.hasOwn(dataAgeTable, name);

const dayLength = 86_400_000;

/**
 * The end of the time for data that was decided right after the newest data.
 * @param newest the time to which the data of the kind is known to be served
 */
export function dueAt(kind: DataAgeKind, newest: Date, timeZone: string): Date {
  switch (dataAgeTable[kind].duty) {
    case 'one-business-day':
      return endOfNextBusinessDay(newest, timeZone);
    case 'thirty-days':
      return new Date(newest.getTime() + 30 * dayLength);
  }
}

/** The newest data of a kind, in an answer of fhir-api. */
export const dataAge = z.object({
  kind: z.enum(dataAgeKinds),
  newest: z.iso.datetime().nullable().describe('time of the newest data; null when nothing is known'),
  declared: z.boolean().describe('whether the source declared that its data is complete to this time'),
  due_at: z.iso.datetime().nullable().describe('when the time of the rule is over for data after newest'),
  duty: z.enum(duties),
  rule: z.string(),
  loaded_at: z.iso.datetime().nullable().describe('end of the last load with data of the kind'),
});
export type DataAge = z.infer<typeof dataAge>;

/** A load, in an answer of fhir-api. */
const loadRun = z.object({
  id: z.int(),
  started_at: z.iso.datetime(),
  ended_at: z.iso.datetime(),
  complete: z.boolean().describe('whether it came to its end'),
  problem: z.string().nullable().describe('why it stopped'),
  files: z.array(z.object({ name: z.string(), bytes: z.int().optional(), sha256: z.string().optional() })),
  counts: z.object({
    read: z.int(),
    created: z.int(),
    updated: z.int(),
    unchanged: z.int(),
    deleted: z.int(),
    rejected: z.int(),
  }),
  rejected_by_kind: z.record(z.string(), z.int()),
  by_type: z.record(z.string(), z.int()).describe('resources created, updated or deleted, by type'),
  bare_codes: z.record(z.string(), z.int()).describe('codes without a display, by code system'),
});

/** The answer to `GET /internal/{environment}/loads`. */
export const loadStatus = z.object({
  environment: z.enum(environments),
  freshness: z.array(dataAge),
  runs: z.array(loadRun),
});
export type LoadStatus = z.infer<typeof loadStatus>;

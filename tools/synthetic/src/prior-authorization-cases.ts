import type { CodeableConcept } from 'fhir/r4.js';
import { addDays } from './dates.js';
import { concept, conceptOf } from './systems.js';

/** A decision of the plan, by X12 data element 306 (action code). */
export type Decision = 'certified' | 'partial' | 'denied' | 'pended' | 'cancelled';

/** One prior authorization that a plan has, before it belongs to a member. */
export interface AuthorizationCase {
  /** Distinguishes the cases of a member. */
  key: string;
  decision: Decision;
  category: 'institutional' | 'professional';
  /** X12 service type: the kind of care. */
  service: CodeableConcept;
  product: CodeableConcept;
  revenue?: CodeableConcept;
  diagnosis: CodeableConcept;
  /** X12 data element 1338: how urgent the request was. */
  level: readonly [code: string, display: string];
  /** Units asked for, approved and used. Denied, pended and cancelled requests have no approved units. */
  units: { asked: number; approved?: number; used?: number; name: string };
  /** Cents for a unit. */
  unitPrice: number;
  /** Day on which the plan received the request. */
  received: string;
  /** Days until the decision, or until the plan asked for records. */
  decidedAfter: number;
  /** Days for which an approval is valid. */
  validFor: number;
  /** The plan asked for records before it decided. */
  wasPended?: boolean;
  /** Key of the earlier authorization that this one continues. */
  continues?: string;
  /** Reason of a denial or a reduction: X12's adjustment and review reasons, and plain words. */
  reason?: { adjustment: string; review: readonly [code: string, display: string]; text: string };
}

const serviceType = (code: string, display: string) =>
  conceptOf('https://x12.org/codes/service-type-codes', code, display);

/** A procedure whose code has licensed words: the text is ours. */
const procedure = (code: string, text: string): CodeableConcept => ({ ...concept('cpt', code), text });
const illness = (code: string, text: string): CodeableConcept => ({ ...concept('icd10', code), text });
const hcpcs = (code: string, display: string) =>
  conceptOf('https://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets', code, display);

const elective = ['E', 'Elective'] as const;
const urgent = ['U', 'Urgent'] as const;

const notNecessary = {
  adjustment: '50',
  review: ['82', 'Not Medically Necessary'],
  text: 'The plan denied this request. The records show no trial of six weeks of other treatment first. You may appeal within 60 days.',
} as const;
const tooMany = {
  adjustment: '119',
  review: ['87', 'Exceeds Plan Maximums'],
  text: 'The plan approved part of this request. It covers 32 units and then looks at progress again.',
} as const;

/** The days of a member's story that authorizations follow. */
export interface AuthorizationDays {
  /** Last day of the story. */
  end: string;
  /** The stay in the hospital. */
  admitted: string;
  days: number;
  diagnosis: CodeableConcept;
}

/** Treatment for which the plan wants an authorization, and the days on which the member had it. */
export function therapyOf(isChild: boolean, end: string) {
  return {
    service: isChild ? serviceType('AD', 'Occupational Therapy') : serviceType('PT', 'Physical Therapy'),
    product: isChild
      ? procedure('97530', 'Therapeutic activities, 15 minutes')
      : procedure('97110', 'Therapeutic exercise, 15 minutes'),
    diagnosis: isChild
      ? illness('F82', 'Developmental disorder of motor function')
      : illness('M54.50', 'Low back pain'),
    /** Units of one day of treatment. */
    unitsOfADay: 4,
    unitPrice: 4200,
    first: addDays(end, -120),
    second: addDays(end, -35),
  };
}

/** A member's authorizations, one of each kind that a plan has. They suit an adult and a child. */
export function authorizationCases(
  isChild: boolean,
  { end, admitted, days, diagnosis }: AuthorizationDays,
): readonly AuthorizationCase[] {
  const { service, product, diagnosis: need, unitsOfADay, unitPrice, first } = therapyOf(isChild, end);
  const therapy = { service, product, diagnosis: need, unitPrice };
  const common = { category: 'professional', level: elective, validFor: 180 } as const;
  return [
    {
      ...common,
      key: 'inpatient',
      decision: 'certified',
      category: 'institutional',
      service: serviceType('48', 'Hospital - Inpatient'),
      product: notApplicable,
      revenue: conceptOf('https://www.nubc.org/CodeSystem/RevenueCodes', '0120'),
      diagnosis,
      level: urgent,
      units: { asked: days, approved: days, used: days, name: 'days' },
      unitPrice: 220000,
      received: addDays(admitted, -1),
      decidedAfter: 1,
      validFor: 30,
    },
    {
      ...common,
      ...therapy,
      key: 'therapy first',
      decision: 'certified',
      units: { asked: unitsOfADay, approved: unitsOfADay, used: unitsOfADay, name: 'units' },
      received: addDays(first, -10),
      decidedAfter: 2,
      validFor: 45,
    },
    {
      ...common,
      ...therapy,
      key: 'therapy',
      decision: 'partial',
      continues: 'therapy first',
      units: { asked: 48, approved: 32, used: unitsOfADay, name: 'units' },
      received: addDays(end, -75),
      decidedAfter: 5,
      reason: tooMany,
    },
    {
      ...common,
      key: 'imaging',
      decision: 'denied',
      service: serviceType('62', 'MRI/CAT Scan'),
      product: procedure('70551', 'MRI of the brain'),
      diagnosis: illness('R51.9', 'Headache'),
      units: { asked: 1, name: 'scan' },
      unitPrice: 98000,
      received: addDays(end, -95),
      decidedAfter: 6,
      reason: notNecessary,
    },
    {
      ...common,
      key: 'sleep study',
      decision: 'certified',
      wasPended: true,
      category: 'institutional',
      service: serviceType('5', 'Diagnostic Lab'),
      product: procedure('95810', 'Sleep study in a laboratory'),
      diagnosis: illness('G47.33', 'Obstructive sleep apnea'),
      units: { asked: 1, approved: 1, used: 0, name: 'study' },
      unitPrice: 140000,
      received: addDays(end, -60),
      decidedAfter: 12,
    },
    {
      ...common,
      key: 'equipment',
      decision: 'cancelled',
      service: serviceType('18', 'Durable Medical Equipment Rental'),
      product: hcpcs('E0601', 'Continuous positive airway pressure (cpap) device'),
      diagnosis: illness('G47.33', 'Obstructive sleep apnea'),
      units: { asked: 3, name: 'months' },
      unitPrice: 11000,
      received: addDays(end, -40),
      decidedAfter: 2,
    },
    {
      ...common,
      key: 'second opinion',
      decision: 'pended',
      service: serviceType('3', 'Consultation'),
      product: procedure('99244', 'Visit for a second opinion'),
      diagnosis: illness('R51.9', 'Headache'),
      level: urgent,
      units: { asked: 1, name: 'visit' },
      unitPrice: 32000,
      received: addDays(end, -3),
      decidedAfter: 1,
    },
  ];
}

/** The revenue code names the service. */
const notApplicable = conceptOf(
  'http://terminology.hl7.org/CodeSystem/data-absent-reason',
  'not-applicable',
  'Not Applicable',
);

import type { Coverage, Patient } from 'fhir/r4.js';
import type { Directory } from './directory.js';
import { meta, reference } from './meta.js';
import { uuidOf } from './random.js';
import { conceptOf, systems } from './systems.js';

/** The coverage of another plan, which pays before this plan does (coordination of benefits). */
export function coverageOfOther(patient: Patient, directory: Directory, updated: string): Coverage {
  const number = `H${uuidOf(`${patient.id} other number`).replace(/\D/g, '').slice(0, 9)}`;
  const group = conceptOf(systems.coverageClass, 'group');
  return {
    resourceType: 'Coverage',
    id: uuidOf(`${patient.id} other coverage`),
    meta: meta(updated, 'carin:C4BB-Coverage', 'core:us-core-coverage'),
    identifier: [
      {
        type: conceptOf('http://terminology.hl7.org/CodeSystem/v2-0203', 'MB'),
        system: 'https://heritage.example/member',
        value: number,
      },
    ],
    status: 'active',
    type: conceptOf(systems.actCode, 'RETIRE', 'retiree health program'),
    policyHolder: reference(patient),
    subscriber: reference(patient),
    subscriberId: number,
    beneficiary: reference(patient),
    relationship: conceptOf(systems.subscriberRelationship, 'self'),
    period: { start: '2020-01-01', end: '2027-12-31' },
    payor: [reference(directory.otherPayer, directory.otherPayer.name)],
    class: [
      { type: group, value: '770012', name: 'Retirees of Heritage' },
      { type: conceptOf(systems.coverageClass, 'plan'), value: 'RETIREE-1', name: 'Heritage Retiree' },
    ],
    order: 1,
  };
}

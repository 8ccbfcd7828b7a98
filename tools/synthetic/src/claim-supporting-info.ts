import type { ExplanationOfBenefitSupportingInfo } from 'fhir/r4.js';
import type { Category, ClaimOptions } from './claim-options.js';
import { addDays } from './dates.js';
import { reference } from './meta.js';
import type { Random } from './random.js';
import { concept, conceptOf } from './systems.js';

export const info = (
  code: string,
  value: Omit<ExplanationOfBenefitSupportingInfo, 'sequence' | 'category'>,
): Omit<ExplanationOfBenefitSupportingInfo, 'sequence'> => ({
  category: concept('c4bbInfo', code),
  ...value,
});

export const nubc = (name: string) => `https://www.nubc.org/CodeSystem/${name}`;
const ncpdp = (name: string) => `http://terminology.hl7.org/CodeSystem/${name}`;

export function supportingInfo(options: ClaimOptions, end: string): ExplanationOfBenefitSupportingInfo[] {
  const { category, random, facility, date } = options;
  const received = info('clmrecvddate', { timingDate: addDays(end, 3) });
  const common = [received, info('patientaccountnumber', { valueString: `PA-${random.digits(8)}` })];
  const institutional = [
    info('admissionperiod', { timingPeriod: { start: date, end } }),
    info('typeofbill', {
      code: conceptOf(nubc('TypeOfBill'), category === 'inpatient' ? '0111' : '0131'),
    }),
    info('pointoforigin', { code: conceptOf(nubc('PointOfOrigin'), '1') }),
    info('admtype', {
      code: conceptOf(nubc('PriorityTypeOfAdmitOrVisit'), category === 'inpatient' ? '1' : '3'),
    }),
    info('discharge-status', { code: conceptOf(nubc('PatDischargeStatus'), '01') }),
    info('medicalrecordnumber', { valueString: `MR-${random.digits(8)}` }),
  ];
  const byCategory: Record<Category, Omit<ExplanationOfBenefitSupportingInfo, 'sequence'>[]> = {
    inpatient: [
      ...institutional,
      info('drg', {
        code: conceptOf(
          'https://www.cms.gov/Medicare/Medicare-Fee-for-Service-Payment/AcuteInpatientPPS/MS-DRG-Classifications-and-Software',
          options.stay?.drg ?? '470',
        ),
      }),
    ],
    outpatient: institutional,
    professional: [
      ...(options.transported ? transport(random) : []),
      info('servicefacility', { valueReference: reference(facility) }),
      info('medicalrecordnumber', { valueString: `MR-${random.digits(8)}` }),
    ],
    oral: [
      info('orthodontics', {
        valueQuantity: { value: 12, unit: 'mo', system: 'http://unitsofmeasure.org', code: 'mo' },
      }),
      info('prosthesis', { valueBoolean: false, timingDate: date }),
      info('additionalbodysite', {
        code: conceptOf('http://terminology.hl7.org/CodeSystem/ADAUniversalToothDesignationSystem', '4'),
      }),
      info('missingtoothnumber', {
        code: conceptOf('http://terminology.hl7.org/CodeSystem/ADAUniversalToothDesignationSystem', '1'),
      }),
      info('servicefacility', { valueReference: reference(facility) }),
      info('medicalrecordnumber', { valueString: `MR-${random.digits(8)}` }),
    ],
    pharmacy: [
      info('dayssupply', { valueQuantity: { value: 30 } }),
      info('dawcode', { code: conceptOf(ncpdp('NCPDPDispensedAsWrittenOrProductSelectionCode'), '0') }),
      info('refillnum', { valueQuantity: { value: random.int(0, 3) } }),
      info('refillsauthorized', { valueQuantity: { value: 5 } }),
      info('brandgenericindicator', { code: conceptOf(ncpdp('NCPDPBrandGenericIndicator'), '2') }),
      info('rxorigincode', { code: conceptOf(ncpdp('NCPDPPrescriptionOriginCode'), '3') }),
      info('compoundcode', { code: conceptOf(ncpdp('NCPDPCompoundCode'), '1') }),
    ],
  };
  return [...byCategory[category], ...common].map((entry, index) => ({ sequence: index + 1, ...entry }));
}

/** How the member was brought to the practice; the lines refer to it. */
export function transport(random: Random) {
  const ucum = 'http://unitsofmeasure.org';
  return [
    info('patientweight', { valueQuantity: { value: random.int(120, 220), unit: '[lb_av]', system: ucum } }),
    info('ambulancetransportreason', {
      reason: { system: 'https://x12.org/codesystem.x12.org/ambulance-transport-reason-codes', code: 'A' },
    }),
    info('transportationdistance', {
      valueQuantity: { value: random.int(2, 30), unit: '[mi_i]', system: ucum },
    }),
    info('roudtrippurpose', { valueString: 'Return after the visit' }),
    info('stretcherpurpose', { valueString: 'Unable to sit upright' }),
    info('pickuplocation', { valueString: 'Home of the member' }),
    info('dropofflocation', { valueString: 'Practice' }),
  ];
}
export const transportEntries = 7;

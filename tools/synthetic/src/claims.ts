import type { ExplanationOfBenefit, ExplanationOfBenefitItem } from 'fhir/r4.js';
import { yearlyDeductible, type Amounts } from './benefits.js';
import type { Category, ClaimOptions } from './claim-options.js';
import { supportingInfo, transportEntries } from './claim-supporting-info.js';
import { addDays, at } from './dates.js';
import { meta, reference } from './meta.js';
import { uuidOf } from './random.js';
import { concept, conceptOf } from './systems.js';

const profiles: Record<Category, string> = {
  inpatient: 'C4BB-ExplanationOfBenefit-Inpatient-Institutional',
  outpatient: 'C4BB-ExplanationOfBenefit-Outpatient-Institutional',
  professional: 'C4BB-ExplanationOfBenefit-Professional-NonClinician',
  pharmacy: 'C4BB-ExplanationOfBenefit-Pharmacy',
  oral: 'C4BB-ExplanationOfBenefit-Oral',
};

const claimTypes: Record<Category, readonly [string, string]> = {
  inpatient: ['institutional', 'Institutional'],
  outpatient: ['institutional', 'Institutional'],
  professional: ['professional', 'Professional'],
  pharmacy: ['pharmacy', 'Pharmacy'],
  oral: ['oral', 'Oral'],
};

const money = (cents: number) => ({ value: cents / 100, currency: 'USD' as const });

const inStandardSystem = new Set(['submitted', 'copay', 'eligible', 'deductible', 'benefit']);
const alwaysSaid = new Set([
  'submitted',
  'eligible',
  'memberliability',
  'benefit',
  'paidtoprovider',
  'paidbypatient',
]);
const amountCategory = (code: string) =>
  concept(inStandardSystem.has(code) ? 'adjudication' : 'c4bbAdjudication', code);
const adjudications = (amounts: Amounts) =>
  Object.entries(amounts)
    .filter(([code, cents]) => cents !== 0 || alwaysSaid.has(code))
    .map(([code, cents]) => ({ category: amountCategory(code), amount: money(cents) }));

const status = (discriminator: string, code = 'innetwork') => ({
  category: concept('c4bbDiscriminator', discriminator),
  reason: concept('c4bbNetwork', code),
});
const adjustment = {
  category: concept('c4bbDiscriminator', 'adjustmentreason'),
  reason: conceptOf('https://x12.org/codes/claim-adjustment-reason-codes', '45'),
};
const rejection = {
  category: concept('c4bbDiscriminator', 'rejectreason'),
  reason: conceptOf('http://terminology.hl7.org/CodeSystem/NCPDPRejectCode', '75'),
};
const allowedUnits = (value: number) => ({ category: concept('c4bbDiscriminator', 'allowedunits'), value });

function careTeam({ category, practitioner, facility }: ClaimOptions): ExplanationOfBenefit['careTeam'] {
  const roles: Record<Category, readonly [system: 'claimCareTeam' | 'c4bbCareTeam', code: string][]> = {
    inpatient: [
      ['c4bbCareTeam', 'attending'],
      ['c4bbCareTeam', 'operating'],
    ],
    outpatient: [['c4bbCareTeam', 'attending']],
    professional: [
      ['c4bbCareTeam', 'rendering'],
      ['c4bbCareTeam', 'referring'],
    ],
    pharmacy: [['c4bbCareTeam', 'prescribing']],
    oral: [['c4bbCareTeam', 'rendering']],
  };
  return [
    ...roles[category].map(([system, code], index) => ({
      sequence: index + 1,
      provider: reference(practitioner),
      role: concept(system, code),
      ...(category === 'pharmacy' || index > 0
        ? {}
        : {
            qualification: concept(
              'nucc',
              category === 'oral' ? '122300000X' : '207R00000X',
              category === 'oral' ? 'Dentist' : 'Internal Medicine Physician',
            ),
          }),
    })),
    ...(category === 'professional'
      ? [
          {
            sequence: roles[category].length + 1,
            provider: reference(facility),
            role: concept('claimCareTeam', 'primary'),
          },
        ]
      : []),
  ];
}

/** An explanation of benefit whose lines add up: totals are the sums of the lines. */
export function claim(options: ClaimOptions): ExplanationOfBenefit {
  const { category, date, random, lines } = options;
  const institutional = category === 'inpatient' || category === 'outpatient';
  const end = addDays(date, options.days ?? 0);
  const created = addDays(end, 5);
  const paidByOther = options.otherCoverage ? 0.6 : 0;
  const divided = lines.map((line) =>
    options.benefits.divide(random, date, line.cents, { ...line, paidByOther }),
  );
  const isRefused = lines.every((line) => line.isRefused);
  const paymentStatus = isRefused ? 'denied' : 'paid';
  const totals = { ...(divided[0] as Amounts) };
  for (const amounts of divided.slice(1))
    for (const code of Object.keys(totals) as (keyof Amounts)[]) totals[code] += amounts[code];

  const item: ExplanationOfBenefitItem[] = lines.map((line, index) => {
    const base: ExplanationOfBenefitItem = { sequence: index + 1, productOrService: line.product };
    if (line.revenue) base.revenue = line.revenue;
    if (line.modifier) base.modifier = [line.modifier];
    if (category === 'inpatient') base.servicedPeriod = { start: date, end };
    else base.servicedDate = date;
    if (category === 'professional' || category === 'oral') {
      base.locationCodeableConcept = concept('pos', '11', 'Office');
      base.diagnosisSequence = [1];
    }
    if (options.transported)
      base.informationSequence = Array.from({ length: transportEntries }, (_, n) => n + 1);
    if (category === 'oral') {
      // What is said about teeth belongs to the lines.
      base.informationSequence = [1, 2, 3, 4];
      base.bodySite = conceptOf(
        'http://terminology.hl7.org/CodeSystem/ADAUniversalToothDesignationSystem',
        '3',
      );
      base.subSite = [conceptOf('http://hl7.org/fhir/us/carin-bb/CodeSystem/C4BBSurfaceCodes', 'O')];
    }
    if (category === 'pharmacy') {
      base.detail = [
        { sequence: 1, productOrService: line.product, quantity: { value: line.quantity ?? 30 } },
      ];
    }
    base.quantity = { value: line.quantity ?? 1 };
    base.noteNumber = [1];
    if (!options.adjudicatedAsAWhole)
      base.adjudication = [
        ...adjudications(divided[index] as Amounts),
        ...(line.isRefused ? [rejection] : []),
        ...(line.isRefused ? [] : [adjustment]),
        allowedUnits(line.isRefused ? 0 : (line.quantity ?? 1)),
        ...(category === 'professional' || category === 'oral' || category === 'pharmacy'
          ? [status('benefitpaymentstatus')]
          : []),
      ];
    return base;
  });

  return {
    resourceType: 'ExplanationOfBenefit',
    id: uuidOf(`${options.patient.id} claim ${options.key}`),
    meta: meta(at(addDays(created, 10), 6), `carin:${profiles[category]}`),
    identifier: [
      {
        type: concept('c4bbIdentifier', 'uc'),
        system: 'https://plan.example/claim',
        value: `CLM${random.digits(12)}`,
      },
    ],
    status: options.isReplaced ? 'cancelled' : 'active',
    type: {
      coding: [{ system: 'http://terminology.hl7.org/CodeSystem/claim-type', code: claimTypes[category][0] }],
      text: claimTypes[category][1],
    },
    ...(institutional ? { subType: concept('c4bbSubType', category) } : {}),
    use: 'claim',
    patient: reference(options.patient),
    billablePeriod: { start: date, end },
    created: at(created, 9),
    insurer: reference(options.insurer, options.insurer.name),
    provider: reference(options.provider),
    ...(options.replaces
      ? {
          related: [
            {
              relationship: conceptOf(
                'http://terminology.hl7.org/CodeSystem/ex-relatedclaimrelationship',
                'prior',
              ),
              reference: { system: 'https://plan.example/claim', value: options.replaces },
            },
          ],
        }
      : {}),
    payee: {
      type: conceptOf('http://terminology.hl7.org/CodeSystem/payeetype', 'provider'),
      party: reference(options.provider),
    },
    outcome: 'complete',
    careTeam: careTeam(options),
    supportingInfo: supportingInfo(options, end),
    ...(category === 'pharmacy'
      ? {}
      : {
          diagnosis: [
            {
              sequence: 1,
              diagnosisCodeableConcept: options.diagnosis,
              type: [concept('diagnosisType', 'principal')],
              ...(category === 'inpatient'
                ? {
                    onAdmission: conceptOf(
                      'https://www.nubc.org/CodeSystem/PresentOnAdmissionIndicator',
                      'Y',
                    ),
                  }
                : {}),
            },
          ],
        }),
    ...(institutional
      ? {
          procedure: [
            {
              sequence: 1,
              type: [concept('c4bbProcedureType', 'principal')],
              date: at(date, 11),
              // Of an outpatient claim the plain radiograph of the chest that it bills.
              procedureCodeableConcept: conceptOf(
                'http://www.cms.gov/Medicare/Coding/ICD10',
                options.stay?.procedure.pcs ?? 'BW03ZZZ',
              ),
            },
          ],
        }
      : {}),
    insurance: [
      {
        focal: true,
        coverage: reference(options.coverage),
        ...(options.authorization ? { preAuthRef: [options.authorization] } : {}),
      },
      ...(options.otherCoverage ? [{ focal: false, coverage: reference(options.otherCoverage) }] : []),
    ],
    item,
    adjudication: [
      ...(options.adjudicatedAsAWhole ? adjudications(totals) : []),
      status('billingnetworkstatus'),
      ...(category === 'professional' || category === 'oral' ? [status('renderingnetworkstatus')] : []),
      status('benefitpaymentstatus'),
      adjustment,
    ],
    total: adjudications(totals),
    payment: {
      type: concept('c4bbNetwork', paymentStatus),
      date: addDays(created, 9),
      amount: money(totals.paidtoprovider),
    },
    processNote: [
      {
        number: 1,
        type: 'display',
        text: isRefused
          ? 'Your plan does not pay for this. The provider has the reason.'
          : 'Paid according to your plan’s contract with this provider.',
      },
    ],
    ...(category === 'pharmacy' || category === 'oral'
      ? {}
      : {
          benefitBalance: [
            {
              category: conceptOf(
                'http://terminology.hl7.org/CodeSystem/ex-benefitcategory',
                '30',
                'Health Benefit Plan Coverage',
              ),
              unit: conceptOf(
                'http://terminology.hl7.org/CodeSystem/benefit-unit',
                'individual',
                'Individual',
              ),
              term: conceptOf('http://terminology.hl7.org/CodeSystem/benefit-term', 'annual', 'Annual'),
              financial: [
                {
                  type: conceptOf(
                    'http://terminology.hl7.org/CodeSystem/benefit-type',
                    'deductible',
                    'Deductible',
                  ),
                  allowedMoney: money(yearlyDeductible),
                  usedMoney: money(options.benefits.deductibleMet(date)),
                },
              ],
            },
          ],
        }),
  };
}

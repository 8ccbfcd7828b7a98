import type {
  CodeableConcept,
  Coverage,
  ExplanationOfBenefit,
  ExplanationOfBenefitItem,
  ExplanationOfBenefitItemAdjudication,
  Extension,
  Identifier,
  Patient,
} from 'fhir/r4.js';
import { addDays, at } from './dates.js';
import { practitionerName, type Directory } from './directory.js';
import { extensionUrl, meta, reference } from './meta.js';
import type { AuthorizationCase, Decision } from './prior-authorization-cases.js';
import { Random, uuidOf } from './random.js';
import { concept, conceptOf } from './systems.js';

/** Parties of a prior authorization. */
export interface AuthorizationParties {
  patient: Patient;
  coverage: Coverage;
  directory: Directory;
  /** The claim that used the authorization. */
  claim?: ExplanationOfBenefit;
}

/** X12 data element 306. */
const actions: Record<Decision, readonly [code: string, display: string]> = {
  certified: ['A1', 'Certified in total'],
  partial: ['A2', 'Certified - partial'],
  denied: ['A3', 'Not Certified'],
  pended: ['A4', 'Pended'],
  cancelled: ['C', 'Cancelled'],
};

const hrex = (name: string) => `http://hl7.org/fhir/us/davinci-hrex/StructureDefinition/${name}`;
const pdex = (name: string) => extensionUrl('pdex', name);
const money = (cents: number) => ({ value: cents / 100, currency: 'USD' as const });
const text = (url: string, valueString: string): Extension => ({ url, valueString });
const requestSystem = 'https://plan.example/prior-authorization';
/**
 * Category of an adjudication that states units or a reason. The guide's slices demand its discriminator
 * codes, and the guide's required binding has no such code: the network status meets the binding (decision
 * 59).
 */
const discriminator = (code: string, display: string): CodeableConcept => ({
  coding: [
    {
      system: 'http://hl7.org/fhir/us/davinci-pdex/CodeSystem/PDexAdjudicationDiscriminator',
      code,
      display,
    },
    {
      system: 'http://hl7.org/fhir/us/davinci-pdex/CodeSystem/PDexPayerAdjudicationStatus',
      code: 'innetwork',
      display: 'In Network',
    },
  ],
  text: display,
});

/** The number by which claims name the authorization. */
export const authorizationNumber = (patient: Patient, key: string): string =>
  `AUTH${new Random(`${patient.id} authorization ${key}`).digits(9)}`;

/**
 * A prior authorization as PDex 2.1.0 writes it: an ExplanationOfBenefit with `use` = `preauthorization`. Its
 * amounts are estimates, and it has no payment.
 */
export function priorAuthorization(
  authorization: AuthorizationCase,
  { patient, coverage, directory, claim }: AuthorizationParties,
): ExplanationOfBenefit {
  const { key, decision, category, received, diagnosis, units, level, reason } = authorization;
  const practitioner = directory.practitioners[0] as (typeof directory.practitioners)[number];
  const doctor = reference(practitioner, practitionerName(practitioner));
  const facility =
    category === 'institutional' ? directory.hospital : (directory.clinics[0] ?? directory.hospital);
  const site = directory.locations[0];
  const decided = addDays(received, authorization.decidedAfter);
  const isApproved = units.approved !== undefined;
  const period = validity(authorization, decided, coverage);
  const changed = claim?.meta?.lastUpdated?.slice(0, 10) ?? decided;
  const action = reviewAction(authorization, authorizationNumber(patient, key));
  const asked = units.asked * authorization.unitPrice;
  const approved = (units.approved ?? 0) * authorization.unitPrice;
  return {
    resourceType: 'ExplanationOfBenefit',
    id: uuidOf(`${patient.id} prior authorization ${key}`),
    meta: meta(at(changed, 8), 'pdex:pdex-priorauthorization'),
    extension: [
      {
        url: pdex('extension-levelOfServiceCode'),
        valueCodeableConcept: conceptOf('https://codesystem.x12.org/005010/1338', ...level),
      },
    ],
    identifier: [{ system: requestSystem, value: requestNumber(patient, key) }],
    status: decision === 'cancelled' ? 'cancelled' : 'active',
    type: concept('claimType', category, category === 'institutional' ? 'Institutional' : 'Professional'),
    use: 'preauthorization',
    patient: reference(patient),
    billablePeriod: period ?? { start: addDays(decided, 1), end: addDays(decided, 90) },
    created: at(received, 14),
    enterer: doctor,
    insurer: reference(directory.payer, directory.payer.name),
    provider: reference(facility, facility.name),
    ...(site ? { facility: reference(site, site.name) } : {}),
    ...related(patient, authorization, claim),
    outcome: decision === 'pended' ? 'queued' : 'complete',
    disposition: disposition(authorization, decided),
    ...(isApproved
      ? { preAuthRef: [authorizationNumber(patient, key)], preAuthRefPeriod: [period ?? {}] }
      : {}),
    careTeam: [{ sequence: 1, provider: doctor, responsible: true }],
    diagnosis: [
      { sequence: 1, diagnosisCodeableConcept: diagnosis, type: [concept('diagnosisType', 'principal')] },
    ],
    insurance: [{ focal: true, coverage: reference(coverage) }],
    item: [item(authorization, { patient, coverage, directory }, decided, period, action)],
    total: [
      total('submitted', 'Submitted', asked, { valueQuantity: quantity(units.asked, units.name) }),
      ...(isApproved
        ? [
            total('eligible', 'Eligible', approved, {
              valueQuantity: quantity(units.approved ?? 0, units.name),
            }),
            // Units used of the units approved: the difference is left.
            total('utilized', 'Utilized', (units.used ?? 0) * authorization.unitPrice, {
              valueRatio: {
                numerator: quantity(units.used ?? 0, units.name),
                denominator: quantity(units.approved ?? 0, units.name),
              },
            }),
          ]
        : []),
    ],
    ...(reason ? { processNote: [{ number: 1, type: 'display', text: reason.text }] } : {}),
  };
}

const quantity = (value: number, unit: string) => ({ value, unit });
const requestNumber = (patient: Patient, key: string) =>
  `PA${new Random(`${patient.id} request ${key}`).digits(12)}`;

/** The days on which an approval counts. It ends with the coverage. */
function validity({ units, validFor }: AuthorizationCase, decided: string, coverage: Coverage) {
  if (units.approved === undefined) return undefined;
  const end = [addDays(decided, validFor), coverage.period?.end ?? '9999-12-31'].sort()[0];
  return { start: decided, end };
}

/** The authorization that this one continues, and the claim that used this one. */
function related(patient: Patient, { continues }: AuthorizationCase, claim?: ExplanationOfBenefit) {
  const relation = (code: string, display: string, reference: Identifier) => ({
    relationship: conceptOf(
      'http://terminology.hl7.org/CodeSystem/ex-relatedclaimrelationship',
      code,
      display,
    ),
    reference,
  });
  const used = claim?.identifier?.[0];
  const found = [
    ...(continues
      ? [
          relation('prior', 'Prior Claim', {
            system: requestSystem,
            value: requestNumber(patient, continues),
          }),
        ]
      : []),
    ...(used ? [relation('associated', 'Associated Claim', { system: used.system, value: used.value })] : []),
  ];
  return found.length > 0 ? { related: found } : {};
}

function disposition(
  { decision, wasPended, decidedAfter, reason }: AuthorizationCase,
  decided: string,
): string {
  if (wasPended)
    return `The plan asked for records on ${addDays(decided, -decidedAfter + 2)} and approved the request on ${decided}.`;
  if (decision === 'pended') return `The plan asked the provider for records on ${decided}.`;
  if (decision === 'cancelled') return `The provider withdrew the request on ${decided}.`;
  return reason?.text ?? `The plan approved the request on ${decided}.`;
}

/** The plan's action (X12 278, segment HCR), with the authorization number and the reason. */
function reviewAction({ decision, units, reason }: AuthorizationCase, number: string): Extension {
  return {
    url: pdex('extension-reviewAction'),
    extension: [
      ...(units.approved === undefined ? [] : [text('number', number)]),
      ...(reason
        ? [
            {
              url: 'reasonCode',
              valueCodeableConcept: conceptOf('https://codesystem.x12.org/external/886', ...reason.review),
            },
          ]
        : []),
      {
        url: pdex('extension-reviewActionCode'),
        valueCodeableConcept: conceptOf('https://codesystem.x12.org/005010/306', ...actions[decision]),
      },
    ],
  };
}

function item(
  authorization: AuthorizationCase,
  { patient, directory }: AuthorizationParties,
  decided: string,
  period: { start: string; end?: string } | undefined,
  action: Extension,
): ExplanationOfBenefitItem {
  const { key, units, unitPrice, service, product, revenue } = authorization;
  const isDecided = authorization.decision !== 'pended';
  const practitioner = directory.practitioners[0] as (typeof directory.practitioners)[number];
  const trace = new Random(`${patient.id} trace ${key}`).digits(9);
  return {
    extension: [
      {
        url: hrex('extension-itemTraceNumber'),
        valueIdentifier: { system: 'https://plan.example/trace', value: trace },
      },
      ...(isDecided ? [{ url: hrex('extension-itemPreAuthIssueDate'), valueDate: decided }] : []),
      ...(period
        ? [
            {
              url: hrex('extension-itemAuthorizedProvider'),
              valueReference: reference(practitioner, practitionerName(practitioner)),
            },
          ]
        : []),
    ],
    sequence: 1,
    diagnosisSequence: [1],
    ...(revenue ? { revenue } : {}),
    category: service,
    productOrService: product,
    servicedPeriod: period ?? { start: addDays(decided, 1), end: addDays(decided, 90) },
    quantity: quantity(units.asked, units.name),
    unitPrice: money(unitPrice),
    net: money(units.asked * unitPrice),
    adjudication: itemAdjudication(authorization, action),
  };
}

function itemAdjudication(
  { decision, units, unitPrice, reason }: AuthorizationCase,
  action: Extension,
): ExplanationOfBenefitItemAdjudication[] {
  const amount = (
    code: string,
    cents: number,
    system: 'adjudication' | 'pdexAdjudication' = 'adjudication',
  ) => ({
    category: concept(system, code),
    amount: money(cents),
  });
  const notApproved = units.asked - (units.approved ?? 0);
  return [
    { extension: [action], ...amount('submitted', units.asked * unitPrice) },
    ...(units.approved === undefined ? [] : [amount('eligible', units.approved * unitPrice)]),
    ...(reason ? [amount('noncovered', notApproved * unitPrice, 'pdexAdjudication')] : []),
    ...(decision === 'pended' || decision === 'cancelled'
      ? []
      : [{ category: discriminator('allowedunits', 'allowed units'), value: units.approved ?? 0 }]),
    ...(units.approved === undefined
      ? []
      : [{ category: discriminator('consumedunits', 'consumed units'), value: units.used ?? 0 }]),
    ...(reason
      ? [
          {
            category: discriminator('denialreason', 'Denial Reason'),
            reason: conceptOf('https://x12.org/codes/claim-adjustment-reason-codes', reason.adjustment),
          },
        ]
      : []),
  ];
}

const total = (
  code: string,
  display: string,
  cents: number,
  utilization: Pick<Extension, 'valueQuantity' | 'valueRatio'>,
) => ({
  extension: [{ url: pdex('PriorAuthorizationUtilization'), ...utilization }],
  category: conceptOf(
    'http://hl7.org/fhir/us/davinci-pdex/CodeSystem/PriorAuthorizationValueCodes',
    code,
    display,
  ),
  amount: money(cents),
});

import type {
  Basic,
  Extension,
  InsurancePlan,
  InsurancePlanContact,
  InsurancePlanPlanSpecificCost,
  Location,
  MedicationKnowledge,
} from 'fhir/r4.js';
import { planNet, updated } from './directory-data.js';
import type { DirectoryKit } from './directory-kit.js';
import {
  costOf,
  formularySystems as systemsHere,
  listedDrugs,
  pharmacies,
  tiers,
  type ListedDrug,
  type Pharmacy,
  type Tier,
} from './formulary-data.js';
import { extensionUrl, meta, reference } from './meta.js';
import { coding, conceptOf, systems } from './systems.js';

const period = { start: '2026-01-01', end: '2027-12-31' };
const drugPlan = conceptOf('http://terminology.hl7.org/CodeSystem/insurance-plan-type', 'drug', 'Drug');
const drugPolicy = conceptOf(systems.actCode, 'DRUGPOL', 'drug policy');
const pharmacyConcept = (pharmacy: Pharmacy) =>
  conceptOf(systemsHere.pharmacy, pharmacy, pharmacies[pharmacy]);
const tierConcept = (tier: Tier) => conceptOf(systemsHere.tier, tier, tiers[tier]);

/** A plan with its own drug list. */
interface PlanWithList {
  key: string;
  name: string;
  /** Plan-Net's type of insurance product. */
  product: string;
  pharmacies: readonly Pharmacy[];
  drugs: readonly ListedDrug[];
}

const allPharmacies = Object.keys(pharmacies) as Pharmacy[];
const plansWithLists: readonly PlanWithList[] = [
  { key: 'gold', name: 'Gold Choice', product: 'qhp', pharmacies: allPharmacies, drugs: listedDrugs },
  {
    key: 'senior',
    name: 'Senior Advantage',
    product: 'mediadv',
    pharmacies: ['1-month-in-retail', '3-month-in-mail'],
    // A narrower list: without the brand that has a generic equivalent.
    drugs: listedDrugs.filter(({ rxnorm }) => rxnorm !== '209459'),
  },
];

/**
 * Adds the drug formularies of the plans (US Drug Formulary): for each plan its drug benefit and its list, an
 * item for each drug of the list, and the drugs. It takes no random value, so the directory stays the same.
 * @param region where the plans are offered
 */
export function addFormularies(kit: DirectoryKit, region: Location): void {
  const { id, add } = kit;
  const drugs = new Map(
    listedDrugs.map((drug) => [drug.rxnorm, add(medicationKnowledge(id(`drug ${drug.rxnorm}`), drug))]),
  );
  for (const plan of plansWithLists) {
    const list = add<InsurancePlan>({
      resourceType: 'InsurancePlan',
      id: id(`formulary ${plan.key}`),
      meta: meta(updated, 'formulary:usdf-Formulary'),
      identifier: [{ system: 'https://plan.example/formulary', value: `FORM-${plan.key.toUpperCase()}` }],
      status: 'active',
      type: [drugPolicy],
      name: `${plan.name} Drug List`,
      period,
    });
    add(payerPlan(id(`drug plan ${plan.key}`), plan, list, region));
    for (const drug of plan.drugs)
      add(formularyItem(id(`formulary item ${plan.key} ${drug.rxnorm}`), plan, list, drug, drugs));
  }
}

const medicationKnowledge = (
  id: string,
  { rxnorm, display, group, form }: ListedDrug,
): MedicationKnowledge => ({
  resourceType: 'MedicationKnowledge',
  id,
  meta: meta(updated, 'formulary:usdf-FormularyDrug'),
  code: {
    coding: [coding('rxnorm', rxnorm, display), ...(group ? [coding('rxnorm', ...group)] : [])],
    text: display,
  },
  status: 'active',
  ...(form ? { doseForm: conceptOf(systems.snomed, ...form) } : {}),
});

function payerPlan(id: string, plan: PlanWithList, list: InsurancePlan, region: Location): InsurancePlan {
  return {
    resourceType: 'InsurancePlan',
    id,
    meta: meta(updated, 'formulary:usdf-PayerInsurancePlan'),
    identifier: [{ system: 'https://plan.example/drug-plan', value: `DRUG-${plan.key.toUpperCase()}` }],
    status: 'active',
    type: [conceptOf(`${planNet}InsuranceProductTypeCS`, plan.product)],
    name: `${plan.name} with drug benefit`,
    period,
    coverageArea: [reference(region)],
    contact: contactsOf(plan),
    coverage: [
      {
        extension: [
          {
            url: extensionUrl('formulary', 'usdf-FormularyReference-extension'),
            valueReference: reference(list),
          },
        ],
        type: drugPolicy,
        benefit: [{ type: drugPlan }],
      },
    ],
    plan: [{ type: drugPlan, specificCost: plan.pharmacies.map(costAt) }],
  };
}

const contactsOf = ({ key, name }: PlanWithList): InsurancePlanContact[] => [
  {
    purpose: conceptOf('http://terminology.hl7.org/CodeSystem/contactentity-type', 'PATINF', 'Patient'),
    name: { text: 'Member Services' },
    telecom: [{ system: 'phone', value: '+1-555-010-0100' }],
  },
  ...(
    [
      ['MARKETING', 'Plan Marketing Information', 'plans'],
      ['SUMMARY', 'Plan Summary Information', 'benefits'],
      ['FORMULARY', 'Plan Formulary Information', 'drugs'],
    ] as const
  ).map(([code, display, page]) => ({
    purpose: conceptOf(systemsHere.contact, code, display),
    name: { text: `${name}: ${page}` },
    telecom: [{ system: 'url' as const, value: `https://plan.example/${key}/${page}` }],
  })),
];

/** What each tier costs at one kind of pharmacy. */
const costAt = (pharmacy: Pharmacy): InsurancePlanPlanSpecificCost => ({
  category: pharmacyConcept(pharmacy),
  benefit: (Object.keys(tiers) as Tier[]).map((tier) => {
    const { copay, coinsurance } = costOf(tier, pharmacy);
    return {
      type: tierConcept(tier),
      cost: [
        {
          type: conceptOf(systemsHere.benefitCost, 'copay', 'Copay'),
          qualifiers: [
            coinsurance === undefined
              ? conceptOf(systemsHere.costShare, 'charge', 'Charge')
              : conceptOf(systemsHere.costShare, 'copay-not-applicable', 'Copay Not Applicable'),
          ],
          value: { value: copay, unit: '$', system: 'urn:iso:std:iso:4217', code: 'USD' },
        },
        ...(coinsurance === undefined
          ? []
          : [
              {
                type: conceptOf(systemsHere.benefitCost, 'coinsurance', 'Coinsurance'),
                qualifiers: [conceptOf(systemsHere.costShare, 'after-deductible', 'After Deductible')],
                value: { value: coinsurance, unit: '%', system: systems.ucum, code: '%' },
              },
            ]),
      ],
    };
  }),
});

function formularyItem(
  id: string,
  plan: PlanWithList,
  list: InsurancePlan,
  drug: ListedDrug,
  drugs: ReadonlyMap<string, MedicationKnowledge>,
): Basic {
  const extension = (name: string, value: Omit<Extension, 'url'>): Extension => ({
    url: extensionUrl('formulary', `usdf-${name}-extension`),
    ...value,
  });
  const known = drugs.get(drug.rxnorm);
  if (!known) throw new Error(`the formulary has no drug ${drug.rxnorm}`);
  const flag = (name: string, valueBoolean: boolean) => extension(name, { valueBoolean });
  return {
    resourceType: 'Basic',
    id,
    meta: meta(updated, 'formulary:usdf-FormularyItem'),
    extension: [
      extension('FormularyReference', { valueReference: reference(list) }),
      extension('AvailabilityStatus', { valueCode: 'active' }),
      extension('AvailabilityPeriod', { valuePeriod: period }),
      ...plan.pharmacies.map((pharmacy) =>
        extension('PharmacyBenefitType', { valueCodeableConcept: pharmacyConcept(pharmacy) }),
      ),
      extension('DrugTierID', { valueCodeableConcept: tierConcept(drug.tier) }),
      flag('PriorAuthorization', drug.priorAuthorization !== undefined),
      ...(drug.priorAuthorization === 'new starts' ? [flag('PriorAuthorizationNewStartsOnly', true)] : []),
      flag('StepTherapyLimit', drug.stepTherapy !== undefined),
      ...(drug.stepTherapy === 'new starts' ? [flag('StepTherapyLimitNewStartsOnly', true)] : []),
      flag('QuantityLimit', drug.quantityLimit === true),
      ...(drug.quantityLimit ? [quantityLimitDetail] : []),
    ],
    code: conceptOf(systemsHere.item, 'formulary-item', 'Formulary Item'),
    subject: reference(known, drug.display),
  };
}

/** Sixty units in thirty days, two a day at most. */
const quantityLimitDetail: Extension = {
  url: extensionUrl('formulary', 'usdf-QuantityLimitDetail-extension'),
  extension: [
    { url: 'Rolling', valueTiming: { repeat: { count: 60, period: 30, periodUnit: 'd' } } },
    { url: 'MaximumDaily', valueQuantity: { value: 2 } },
  ],
};

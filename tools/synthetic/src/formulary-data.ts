const system = (name: string) => `http://hl7.org/fhir/us/davinci-drug-formulary/CodeSystem/usdf-${name}`;

/** Code systems of the US Drug Formulary guide. */
export const formularySystems = {
  benefitCost: system('BenefitCostTypeCS-TEMPORARY-TRIAL-USE'),
  costShare: system('CostShareOptionCS-TEMPORARY-TRIAL-USE'),
  tier: system('DrugTierCS-TEMPORARY-TRIAL-USE'),
  item: system('InsuranceItemTypeCS'),
  pharmacy: system('PharmacyBenefitTypeCS-TEMPORARY-TRIAL-USE'),
  contact: system('PlanContactTypeCS-TEMPORARY-TRIAL-USE'),
} as const;

export const tiers = {
  generic: 'Generic',
  'preferred-generic': 'Preferred Generic',
  brand: 'Brand',
  'preferred-brand': 'Preferred Brand',
  specialty: 'Specialty',
} as const;
export type Tier = keyof typeof tiers;

export const pharmacies = {
  '1-month-in-retail': '1 month in network retail',
  '1-month-in-mail': '1 month in network mail order',
  '3-month-in-retail': '3 month in network retail',
  '3-month-in-mail': '3 month in network mail order',
} as const;
export type Pharmacy = keyof typeof pharmacies;

/** A drug: its RxNorm code, its dose form (SNOMED CT), its place on the list, and the limits of the plan. */
export interface ListedDrug {
  rxnorm: string;
  display: string;
  /** RxNorm's group of the same substance and form (TTY SCDG or SBDG). */
  group?: readonly [string, string];
  form?: readonly [string, string];
  tier: Tier;
  priorAuthorization?: 'always' | 'new starts';
  stepTherapy?: 'always' | 'new starts';
  quantityLimit?: boolean;
}

const tablet = ['385055001', 'Tablet'] as const;
const capsule = ['385049006', 'Capsule'] as const;

/** The drugs of both formularies; the guide's examples have those with a group. */
export const listedDrugs: readonly ListedDrug[] = [
  { rxnorm: '308182', display: 'amoxicillin 250 MG Oral Capsule', form: capsule, tier: 'generic' },
  { rxnorm: '313782', display: 'acetaminophen 325 MG Oral Tablet', form: tablet, tier: 'generic' },
  { rxnorm: '310965', display: 'ibuprofen 200 MG Oral Tablet', form: tablet, tier: 'generic' },
  {
    rxnorm: '860975',
    display: 'metformin hydrochloride 500 MG Extended Release Oral Tablet',
    form: tablet,
    tier: 'preferred-generic',
  },
  { rxnorm: '314076', display: 'lisinopril 10 MG Oral Tablet', form: tablet, tier: 'preferred-generic' },
  { rxnorm: '617312', display: 'atorvastatin 10 MG Oral Tablet', form: tablet, tier: 'preferred-generic' },
  { rxnorm: '312940', display: 'sertraline 25 MG Oral Tablet', form: tablet, tier: 'preferred-generic' },
  {
    rxnorm: '745679',
    display: '200 ACTUAT albuterol 0.09 MG/ACTUAT Metered Dose Inhaler',
    tier: 'preferred-brand',
    quantityLimit: true,
  },
  {
    rxnorm: '1000091',
    display: 'doxepin hydrochloride 50 MG/ML Topical Cream',
    group: ['1160770', 'doxepin Topical Product'],
    tier: 'generic',
    stepTherapy: 'new starts',
    quantityLimit: true,
  },
  {
    rxnorm: '1049640',
    display: 'acetaminophen 325 MG / oxycodone hydrochloride 5 MG Oral Tablet [Percocet]',
    group: ['1185784', 'Percocet Pill'],
    form: tablet,
    tier: 'brand',
    priorAuthorization: 'new starts',
    stepTherapy: 'always',
    quantityLimit: true,
  },
  {
    rxnorm: '209459',
    display: 'acetaminophen 500 MG Oral Tablet [Tylenol]',
    group: ['1187315', 'Tylenol Pill'],
    form: tablet,
    tier: 'brand',
  },
  {
    rxnorm: '284520',
    display: 'tacrolimus 0.001 MG/MG Topical Ointment [Protopic]',
    group: ['1182458', 'Protopic Topical Product'],
    tier: 'specialty',
    priorAuthorization: 'always',
  },
];

/** What a member pays for a tier at a pharmacy: dollars, or percent of the price. */
export const costOf = (tier: Tier, pharmacy: Pharmacy): { copay: number; coinsurance?: number } => {
  const month = { generic: 10, 'preferred-generic': 5, brand: 60, 'preferred-brand': 40, specialty: 0 }[tier];
  const months = pharmacy.startsWith('3') ? 3 : 1;
  const discount = pharmacy.endsWith('mail') ? 0.8 : 1;
  return tier === 'specialty'
    ? { copay: 0, coinsurance: 30 }
    : { copay: Math.round(month * months * discount) };
};

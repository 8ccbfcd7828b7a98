/**
 * An illness: ICD-10-CM, SNOMED CT, words, the least age it is plausible for, and a medication (RxNorm, NDC
 * in 11 digits without dashes, as claims have it).
 */
export interface Illness {
  icd10: string;
  snomed: string;
  display: string;
  from: number;
  /** It passes within weeks. */
  isAcute: boolean;
  medication: { rxnorm: string; display: string; ndc: string };
}

const acetaminophen = {
  rxnorm: '313782',
  display: 'acetaminophen 325 MG Oral Tablet',
  ndc: '00904672060',
};
const amoxicillin = { rxnorm: '308182', display: 'amoxicillin 250 MG Oral Capsule', ndc: '00093310701' };
const ibuprofen = { rxnorm: '310965', display: 'ibuprofen 200 MG Oral Tablet', ndc: '00904791260' };

export const conditions: readonly Illness[] = [
  {
    icd10: 'H66.90',
    snomed: '3110003',
    display: 'Acute otitis media',
    from: 0,
    isAcute: true,
    medication: amoxicillin,
  },
  {
    icd10: 'J06.9',
    snomed: '54150009',
    display: 'Upper respiratory infection',
    from: 0,
    isAcute: true,
    medication: acetaminophen,
  },
  {
    icd10: 'E11.9',
    snomed: '44054006',
    display: 'Type 2 diabetes mellitus',
    from: 35,
    isAcute: false,
    medication: {
      rxnorm: '860975',
      display: 'metformin hydrochloride 500 MG Extended Release Oral Tablet',
      ndc: '00093726701',
    },
  },
  {
    icd10: 'I10',
    snomed: '59621000',
    display: 'Essential hypertension',
    from: 30,
    isAcute: false,
    medication: { rxnorm: '314076', display: 'lisinopril 10 MG Oral Tablet', ndc: '00093111301' },
  },
  {
    icd10: 'E78.5',
    snomed: '55822004',
    display: 'Hyperlipidemia',
    from: 30,
    isAcute: false,
    medication: { rxnorm: '617312', display: 'atorvastatin 10 MG Oral Tablet', ndc: '00093505798' },
  },
  {
    icd10: 'J45.909',
    snomed: '195967001',
    display: 'Asthma',
    from: 5,
    isAcute: false,
    medication: {
      rxnorm: '745679',
      display: '200 ACTUAT albuterol 0.09 MG/ACTUAT Metered Dose Inhaler',
      ndc: '00093317431',
    },
  },
  {
    icd10: 'M17.11',
    snomed: '239873007',
    display: 'Osteoarthritis of knee',
    from: 50,
    isAcute: false,
    medication: ibuprofen,
  },
  {
    icd10: 'K21.9',
    snomed: '235595009',
    display: 'Gastroesophageal reflux disease',
    from: 18,
    isAcute: false,
    medication: {
      rxnorm: '198051',
      display: 'omeprazole 20 MG Delayed Release Oral Capsule',
      ndc: '62175011837',
    },
  },
];

/** A reason to stay in the hospital, with how it is treated and billed. */
export interface Stay {
  illness: Illness;
  /** Least age. */
  from: number;
  days: number;
  /** SNOMED CT and ICD-10-PCS. */
  procedure: { snomed: string; display: string; pcs: string };
  /** MS-DRG. */
  drg: string;
  /**
   * What is billed: NUBC revenue code, CPT code (none where the revenue code says it all), dollars from and
   * to.
   */
  lines: readonly { revenue: string; cpt?: string; low: number; high: number; quantity?: number }[];
  implant: boolean;
}

/** From that of the oldest on: the first that is plausible for an age is taken. */
export const stays: readonly Stay[] = [
  {
    from: 50,
    illness: {
      icd10: 'M17.11',
      snomed: '239873007',
      display: 'Osteoarthritis of knee',
      from: 50,
      isAcute: false,
      medication: ibuprofen,
    },
    days: 2,
    procedure: {
      snomed: '609588000',
      display: 'Total knee replacement',
      pcs: '0SRC0J9',
    },
    drg: '470',
    lines: [
      { revenue: '0120', low: 1800, high: 2600, quantity: 2 },
      { revenue: '0360', cpt: '27447', low: 9000, high: 14000 },
      { revenue: '0278', low: 4000, high: 6000 },
    ],
    implant: true,
  },
  {
    from: 0,
    illness: {
      icd10: 'J18.9',
      snomed: '233604007',
      display: 'Pneumonia',
      from: 0,
      isAcute: true,
      medication: amoxicillin,
    },
    days: 2,
    procedure: {
      snomed: '281790008',
      display: 'Intravenous antibiotic therapy',
      pcs: '3E03329',
    },
    drg: '195',
    lines: [
      { revenue: '0120', low: 1800, high: 2600, quantity: 2 },
      { revenue: '0300', cpt: '85025', low: 60, high: 150 },
      { revenue: '0250', low: 200, high: 500 },
    ],
    implant: false,
  },
];

/** Laboratory tests: LOINC, words, unit (UCUM), normal range, spread. */
export const labs = [
  {
    code: '4548-4',
    display: 'Hemoglobin A1c/Hemoglobin.total in Blood',
    unit: '%',
    low: 4,
    high: 5.6,
    spread: 4,
  },
  { code: '2339-0', display: 'Glucose [Mass/volume] in Blood', unit: 'mg/dL', low: 70, high: 99, spread: 60 },
  {
    code: '2093-3',
    display: 'Cholesterol [Mass/volume] in Serum or Plasma',
    unit: 'mg/dL',
    low: 100,
    high: 199,
    spread: 80,
  },
  {
    code: '2160-0',
    display: 'Creatinine [Mass/volume] in Serum or Plasma',
    unit: 'mg/dL',
    low: 0.6,
    high: 1.2,
    spread: 0.5,
  },
] as const;

/** Vital signs with one value: profile, LOINC, words, unit. */
export const vitals = {
  weight: { profile: 'us-core-body-weight', code: '29463-7', display: 'Body weight', unit: 'kg' },
  height: { profile: 'us-core-body-height', code: '8302-2', display: 'Body height', unit: 'cm' },
  bmi: { profile: 'us-core-bmi', code: '39156-5', display: 'Body mass index (BMI) [Ratio]', unit: 'kg/m2' },
  heartRate: { profile: 'us-core-heart-rate', code: '8867-4', display: 'Heart rate', unit: '/min' },
  respiratoryRate: {
    profile: 'us-core-respiratory-rate',
    code: '9279-1',
    display: 'Respiratory rate',
    unit: '/min',
  },
  temperature: {
    profile: 'us-core-body-temperature',
    code: '8310-5',
    display: 'Body temperature',
    unit: 'Cel',
  },
} as const;

/** Vaccines: CVX, words, and the ages they are given at. */
export const vaccines: readonly { cvx: string; display: string; from: number; to: number }[] = [
  { cvx: '140', display: 'Influenza, seasonal, injectable, preservative free', from: 1, to: 120 },
  { cvx: '20', display: 'diphtheria, tetanus toxoids and acellular pertussis vaccine', from: 0, to: 6 },
  { cvx: '08', display: 'hepatitis B vaccine, pediatric or pediatric/adolescent dosage', from: 0, to: 17 },
  { cvx: '03', display: 'measles, mumps and rubella virus vaccine', from: 1, to: 17 },
  {
    cvx: '115',
    display: 'tetanus toxoid, reduced diphtheria toxoid, and acellular pertussis vaccine, adsorbed',
    from: 11,
    to: 120,
  },
  { cvx: '43', display: 'hepatitis B vaccine, adult dosage', from: 20, to: 59 },
  { cvx: '187', display: 'zoster vaccine recombinant', from: 50, to: 120 },
  { cvx: '33', display: 'pneumococcal polysaccharide vaccine, 23 valent', from: 65, to: 120 },
];

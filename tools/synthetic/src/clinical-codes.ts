/** Conditions: ICD-10-CM, SNOMED CT, words, sex and least age they are plausible for, and a medication (RxNorm, NDC). */
export const conditions = [
  {
    icd10: 'H66.90',
    snomed: '3110003',
    display: 'Acute otitis media',
    from: 0,
    medication: { rxnorm: '308182', display: 'amoxicillin 250 MG Oral Capsule', ndc: '00093-3107-01' },
  },
  {
    icd10: 'J06.9',
    snomed: '54150009',
    display: 'Upper respiratory infection',
    from: 0,
    medication: { rxnorm: '313782', display: 'acetaminophen 325 MG Oral Tablet', ndc: '00904-6720-60' },
  },
  {
    icd10: 'E11.9',
    snomed: '44054006',
    display: 'Type 2 diabetes mellitus',
    from: 35,
    medication: {
      rxnorm: '860975',
      display: 'metformin hydrochloride 500 MG Extended Release Oral Tablet',
      ndc: '00093-7267-01',
    },
  },
  {
    icd10: 'I10',
    snomed: '59621000',
    display: 'Essential hypertension',
    from: 30,
    medication: { rxnorm: '314076', display: 'lisinopril 10 MG Oral Tablet', ndc: '00093-1113-01' },
  },
  {
    icd10: 'E78.5',
    snomed: '55822004',
    display: 'Hyperlipidemia',
    from: 30,
    medication: { rxnorm: '617312', display: 'atorvastatin 20 MG Oral Tablet', ndc: '00093-5057-98' },
  },
  {
    icd10: 'J45.909',
    snomed: '195967001',
    display: 'Asthma',
    from: 5,
    medication: {
      rxnorm: '745679',
      display: '200 ACTUAT albuterol 0.09 MG/ACTUAT Metered Dose Inhaler',
      ndc: '00093-3174-31',
    },
  },
  {
    icd10: 'M17.11',
    snomed: '239873007',
    display: 'Osteoarthritis of knee',
    from: 50,
    medication: { rxnorm: '310965', display: 'ibuprofen 200 MG Oral Tablet', ndc: '00904-7912-60' },
  },
  {
    icd10: 'F41.1',
    snomed: '21897009',
    display: 'Generalized anxiety disorder',
    from: 18,
    medication: { rxnorm: '312940', display: 'sertraline 25 MG Oral Tablet', ndc: '00093-7198-56' },
  },
] as const;

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

/** Vital signs with one value: profile, LOINC, words, unit, usual range. */
export const vitals = [
  { profile: 'us-core-body-weight', code: '29463-7', display: 'Body weight', unit: 'kg', low: 52, high: 98 },
  { profile: 'us-core-body-height', code: '8302-2', display: 'Body height', unit: 'cm', low: 155, high: 190 },
  {
    profile: 'us-core-bmi',
    code: '39156-5',
    display: 'Body mass index (BMI) [Ratio]',
    unit: 'kg/m2',
    low: 20,
    high: 34,
  },
  { profile: 'us-core-heart-rate', code: '8867-4', display: 'Heart rate', unit: '/min', low: 55, high: 95 },
  {
    profile: 'us-core-respiratory-rate',
    code: '9279-1',
    display: 'Respiratory rate',
    unit: '/min',
    low: 12,
    high: 20,
  },
  {
    profile: 'us-core-body-temperature',
    code: '8310-5',
    display: 'Body temperature',
    unit: 'Cel',
    low: 36,
    high: 37.5,
  },
] as const;

export const vaccines = [
  ['140', 'Influenza, seasonal, injectable, preservative free'],
  ['115', 'tetanus toxoid, reduced diphtheria toxoid, and acellular pertussis vaccine, adsorbed'],
  ['33', 'pneumococcal polysaccharide vaccine, 23 valent'],
] as const;

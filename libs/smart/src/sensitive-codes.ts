import {
  antiretroviralProducts,
  antiretrovirals,
  mentalHealthDrugs,
  reproductiveDrugs,
  substanceUseDrugs,
  substanceUseProducts,
} from './sensitive-drugs.js';

/**
 * Codes that make a record sensitive: a load gives the record the label (sensitive-kinds.ts) of each row with
 * one of its codes. `F10*` stands for all codes that begin with F10. Claims often omit the dot of ICD-10-CM,
 * so no prefix has one.
 *
 * Sources label better, because they know the context; a plan's claims have no labels at all. So the rows
 * have diagnoses and treatments that mean the kind by themselves, and no screening that everybody gets.
 */
export interface SensitiveCodes {
  system: string;
  codes: readonly string[];
  /** Code of HL7's ActInformationSensitivityPolicy. */
  label: string;
}

const icd10 = [
  'http://hl7.org/fhir/sid/icd-10-cm',
  'http://hl7.org/fhir/sid/icd-10',
  'urn:oid:2.16.840.1.113883.6.90',
];
const snomed = ['http://snomed.info/sct'];
const cpt = ['http://www.ama-assn.org/go/cpt'];
const hcpcs = [
  'https://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets',
  'http://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets',
  'urn:oid:2.16.840.1.113883.6.285',
];
const loinc = ['http://loinc.org'];
const ndc = ['http://hl7.org/fhir/sid/ndc'];
const rxnorm = ['http://www.nlm.nih.gov/research/umls/rxnorm'];

const rows = (label: string, systems: readonly string[], codes: readonly string[]): SensitiveCodes[] =>
  systems.map((system) => ({ system, codes, label }));

/** `F10*` to `F19*` and the like. */
const prefixes = (letter: string, from: number, to: number): string[] =>
  Array.from({ length: to - from + 1 }, (_, n) => `${letter}${String(from + n).padStart(2, '0')}*`);

/** The rules of the loader, by kind. */
export const sensitiveCodes: readonly SensitiveCodes[] = [
  // Substance use: disorders by substance, without tobacco (F17); poisoning by opioids and hallucinogens.
  ...rows('SUD', icd10, [
    ...prefixes('F', 10, 16),
    ...prefixes('F', 18, 19),
    'T40*',
    'K70*',
    'O9931*',
    'O99.31*',
    'O9932*',
    'O99.32*',
  ]),
  // Alcoholism, harmful use of alcohol, alcohol dependence, drug dependence, opioid dependence, misuse.
  ...rows('SUD', snomed, ['7200002', '15167005', '66590003', '191816009', '75544000', '26416006', '5602001']),
  // Alcohol and drug services; methadone; buprenorphine.
  ...rows('SUD', hcpcs, [
    ...Array.from({ length: 22 }, (_, n) => `H00${String(n + 1).padStart(2, '0')}`).filter(
      (code) => !['H0002', 'H0004', 'H0017', 'H0018', 'H0019'].includes(code),
    ),
    'H0047',
    'H0050',
    'G2067',
    'G2068',
    'J0571',
    'J0572',
    'J0573',
    'J0574',
    'J0575',
  ]),
  ...rows('SUD', rxnorm, substanceUseDrugs),
  ...rows('SUD', ndc, substanceUseProducts),
  // Mental health: disorders, and self-harm.
  ...rows('MH', icd10, [
    ...prefixes('F', 20, 69),
    ...prefixes('F', 90, 99),
    'R4585*',
    'R45.85*',
    'T1491*',
    'T14.91*',
  ]),
  // Depression, major depression, anxiety, PTSD, bipolar, schizophrenia, panic, suicidal thoughts.
  ...rows('MH', snomed, [
    '35489007',
    '370143000',
    '36923009',
    '21897009',
    '197480006',
    '48694002',
    '47505003',
    '13746004',
    '58214004',
    '371631005',
    '6471006',
  ]),
  ...rows('MH', rxnorm, mentalHealthDrugs),
  // Psychiatric evaluation and psychotherapy.
  ...rows('PSY', cpt, [
    '90791',
    '90792',
    '90832',
    '90833',
    '90834',
    '90836',
    '90837',
    '90838',
    '90839',
    '90840',
    '90845',
    '90846',
    '90847',
    '90853',
    '90870',
  ]),
  ...rows('PSY', hcpcs, ['H0004', 'H0017', 'H0018', 'H0019', 'H0031', 'H0035', 'H0036', 'H2012', 'H2017']),
  // HIV: disease, infection without symptoms, finding in a laboratory, in pregnancy, exposure.
  ...rows('HIV', icd10, ['B20*', 'B9735', 'B97.35', 'Z21*', 'R75*', 'O987*', 'O98.7*', 'Z206', 'Z20.6']),
  ...rows('HIV', snomed, ['86406008', '62479008', '165816005', '91947003', '91948008']),
  // Viral load, antibodies and antigens, CD4 cells under HIV therapy.
  ...rows('HIV', loinc, [
    '25836-8',
    '20447-9',
    '29541-0',
    '7917-8',
    '29893-5',
    '56888-1',
    '75622-1',
    '80387-4',
  ]),
  ...rows('HIV', cpt, [
    '86689',
    '86701',
    '86702',
    '86703',
    '87389',
    '87390',
    '87534',
    '87535',
    '87536',
    '87806',
  ]),
  ...rows('HIV', rxnorm, antiretrovirals),
  ...rows('HIV', ndc, antiretroviralProducts),
  // Reproductive health: infections passed on by sex.
  ...rows('STD', icd10, [...prefixes('A', 50, 64), 'Z202', 'Z20.2', 'O983*', 'O98.3*']),
  ...rows('STD', snomed, ['240589008', '8098009', '76272004', '15628003', '33839006']),
  // Pregnancy, birth, and their supervision.
  ...rows('PREGNANT', icd10, ['O*', 'Z33*', 'Z34*', 'Z36*', 'Z37*', 'Z39*', 'Z3A*']),
  ...rows('PREGNANT', snomed, ['77386006', '72892002', '47200007', '11082009', '19169002', '34801009']),
  ...rows('PREGNANT', cpt, [
    '59400',
    '59409',
    '59410',
    '59425',
    '59426',
    '59510',
    '59610',
    '59812',
    '59820',
    '59840',
    '59841',
    '59850',
    '59851',
    '59855',
  ]),
  // Contraception, procreation, sexual dysfunction and identity.
  ...rows('SEX', icd10, ['Z30*', 'Z31*', 'Z32*', 'N97*', 'N46*', 'Z64*', 'F64*', 'F52*', 'Z7252*', 'Z72.5*']),
  ...rows('SEX', snomed, ['6738008']),
  ...rows('SEX', rxnorm, reproductiveDrugs),
  // Sexual violence and abuse.
  ...rows('SDV', icd10, ['T742*', 'T74.2*', 'T762*', 'T76.2*', 'Z0441', 'Z04.41', 'Z0442', 'Z04.42']),
];

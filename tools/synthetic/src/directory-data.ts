import type { Environment } from './test-members.js';

export const updated = '2026-01-15T08:00:00Z';
export const planNet = 'http://hl7.org/fhir/us/davinci-pdex-plan-net/CodeSystem/';

/** Name, state, postal code, latitude, longitude. */
export type Town = readonly [string, string, string, number, number];

const towns = {
  sandbox: [
    ['Minneapolis', 'MN', '55415', 44.9778, -93.265],
    ['Saint Paul', 'MN', '55102', 44.9537, -93.09],
    ['Bloomington', 'MN', '55425', 44.8408, -93.2983],
    ['Duluth', 'MN', '55802', 46.7867, -92.1005],
    ['Rochester', 'MN', '55902', 44.0121, -92.4802],
    ['Hudson', 'WI', '54016', 44.9747, -92.7569],
  ],
  production: [
    ['Fargo', 'ND', '58102', 46.8772, -96.7898],
    ['Moorhead', 'MN', '56560', 46.8739, -96.7678],
    ['Sioux Falls', 'SD', '57104', 43.5446, -96.7311],
    ['Mankato', 'MN', '56001', 44.1636, -93.9994],
  ],
} satisfies Partial<Record<Environment, readonly Town[]>>;

/** Towns of the plan's region with their place on the map. The sandbox's are the default. */
export const townsOf = (environment: Environment): readonly Town[] =>
  (towns as Partial<Record<Environment, readonly Town[]>>)[environment] ?? towns.sandbox;

export const specialties = [
  ['207Q00000X', 'Family Medicine Physician'],
  ['207R00000X', 'Internal Medicine Physician'],
  ['207RC0000X', 'Cardiovascular Disease Physician'],
  ['207RE0101X', 'Endocrinology, Diabetes & Metabolism Physician'],
  ['207V00000X', 'Obstetrics & Gynecology Physician'],
  ['208000000X', 'Pediatrics Physician'],
  ['207X00000X', 'Orthopaedic Surgery Physician'],
  ['2084P0800X', 'Psychiatry Physician'],
  ['122300000X', 'Dentist'],
  ['363LF0000X', 'Family Nurse Practitioner'],
] as const;

export const givenNames = [
  'Anna',
  'Ben',
  'Clara',
  'David',
  'Elif',
  'Frank',
  'Grace',
  'Hugo',
  'Ines',
  'Jonas',
  'Kira',
  'Liam',
];
export const familyNames = [
  'Andersen',
  'Brooks',
  'Castillo',
  'Dahl',
  'Eriksen',
  'Fischer',
  'Garcia',
  'Hansen',
  'Ito',
  'Jensen',
];

import { uuidOf } from './random.js';

/** A member of the sandbox whose record is made for one case. */
export type SpecialCase =
  | { kind: 'no claims' }
  /** Monthly fills of many medicines. */
  | { kind: 'many claims' }
  /** Diagnoses with labels of sensitivity. */
  | { kind: 'sensitive' }
  /** @param end the last day of the coverage */
  | { kind: 'coverage ended'; end: string }
  /** Another plan pays first. The record also has the profiles that US Core 7.0.0 brought. */
  | { kind: 'two payers' }
  | { kind: 'parent'; children: readonly string[] }
  | { kind: 'child of'; parent: string; parentName: string };

/** Who a member is: the record is made from it. */
export interface Person {
  /** When the member has died. */
  deceased?: string;
  patient: string;
  name: string;
  gender: 'female' | 'male';
  birthDate: string;
  /** CDC race category; chosen when absent. */
  race?: '1002-5';
  /** Behind the family name, such as Jr. */
  suffix?: string;
  /** A grown daughter who cares for the member, and signs in without being a member herself. */
  carer?: string;
  special?: SpecialCase;
}

const patient = (name: string) => uuidOf(`sandbox special member ${name}`);
const [parent, daughter, son] = ['parent', 'daughter', 'son'].map(patient) as [string, string, string];
const ofParent = { kind: 'child of', parent, parentName: 'Grace Ekström' } as const;

/**
 * The members of the sandbox after the first twelve. Their order is their number, and a sign-in follows the
 * number: add new ones at the end.
 */
export const specialMembers: readonly Person[] = [
  {
    patient: patient('no claims'),
    name: 'Tobias Newcombe',
    gender: 'male',
    birthDate: '1999-03-14',
    special: { kind: 'no claims' },
  },
  {
    patient: patient('many claims'),
    name: 'Harriet Longfellow',
    gender: 'female',
    birthDate: '1951-09-30',
    special: { kind: 'many claims' },
  },
  {
    patient: patient('sensitive'),
    name: 'Robin Castellano',
    gender: 'female',
    birthDate: '1988-12-01',
    special: { kind: 'sensitive' },
  },
  {
    patient: parent,
    name: ofParent.parentName,
    gender: 'female',
    birthDate: '1983-05-21',
    special: { kind: 'parent', children: [daughter, son] },
  },
  {
    patient: daughter,
    name: 'Ida Ekström',
    gender: 'female',
    birthDate: '2014-02-11',
    special: ofParent,
  },
  {
    patient: son,
    name: 'Axel Ekström',
    gender: 'male',
    birthDate: '2024-06-03',
    special: ofParent,
  },
  {
    patient: patient('coverage ended'),
    name: 'Walter Abernathy',
    gender: 'male',
    birthDate: '1970-08-08',
    special: { kind: 'coverage ended', end: '2025-09-30' },
  },
  {
    patient: patient('two payers'),
    name: 'Edith Marchetti',
    gender: 'female',
    birthDate: '1955-01-19',
    carer: 'Lucia Marchetti',
    special: { kind: 'two payers' },
  },
];

import { extensionUrl } from './meta.js';
import { Random, uuidOf } from './random.js';
import { addDays, at } from './dates.js';
import { conceptOf } from './systems.js';
import type { Person } from './special-members.js';
import type { Environment } from './test-members.js';

const given = {
  female: ['Olivia', 'Emma', 'Amara', 'Sofia', 'Mei', 'Hannah', 'Layla', 'Julia', 'Freya', 'Rosa'],
  male: ['Noah', 'Liam', 'Kofi', 'Mateo', 'Wei', 'Samuel', 'Omar', 'Lukas', 'Erik', 'Andre'],
};
const family = [
  'Johnson',
  'Nguyen',
  'Petersen',
  'Martinez',
  'Kim',
  'Olson',
  'Yang',
  'Hassan',
  'Schmidt',
  'Bear',
];

/** Who the n-th member is, when it is not one who can sign in. */
export function personOf(environment: Environment, seed: number, n: number): Person {
  const random = new Random(`${environment} person ${seed} ${n}`);
  const gender = random.pick(['female', 'male'] as const);
  return {
    patient: uuidOf(`${environment} patient ${seed} ${n}`),
    name: `${random.pick(given[gender])} ${random.pick(family)}`,
    gender,
    // Every twelfth is a small child, every twelfth after has died.
    birthDate:
      n % 12 === 4
        ? addDays('2023-10-01', random.int(0, 300))
        : addDays('1945-01-01', random.int(0, 65 * 365)),
    ...(n % 12 === 6 ? { deceased: at('2026-05-20', 3) } : {}),
  };
}

export const races = [
  ['2106-3', 'White'],
  ['2054-5', 'Black or African American'],
  ['2028-9', 'Asian'],
  ['1002-5', 'American Indian or Alaska Native'],
] as const;

export const usCoreRace = ([code, display]: readonly [string, string]) => ({
  url: extensionUrl('core', 'us-core-race'),
  extension: [
    { url: 'ombCategory', valueCoding: { system: 'urn:oid:2.16.840.1.113883.6.238', code, display } },
    { url: 'text', valueString: display },
  ],
});
export const usCoreEthnicity = {
  url: extensionUrl('core', 'us-core-ethnicity'),
  extension: [
    {
      url: 'ombCategory',
      valueCoding: {
        system: 'urn:oid:2.16.840.1.113883.6.238',
        code: '2186-5',
        display: 'Not Hispanic or Latino',
      },
    },
    { url: 'text', valueString: 'Not Hispanic or Latino' },
  ],
};

export const tribalAffiliation = {
  url: extensionUrl('core', 'us-core-tribal-affiliation'),
  extension: [
    {
      url: 'tribalAffiliation',
      valueCodeableConcept: conceptOf(
        'http://terminology.hl7.org/CodeSystem/v3-TribalEntityUS',
        '187',
        'Paiute-Shoshone Tribe of the Fallon Reservation and Colony, Nevada',
      ),
    },
    { url: 'isEnrolled', valueBoolean: false },
  ],
};

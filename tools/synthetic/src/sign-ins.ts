import { isSynthetic } from '@payer/smart';
import { birthday } from './dates.js';
import { memberOf } from './generate.js';
import { carerId, relativeId } from './relatives.js';
import { specialMembers, type Person } from './special-members.js';
import { testMembers, type Environment } from './test-members.js';

/** A patient for whom somebody may act, as the import of auth-server takes it. */
export interface Represents {
  /** Id of the Patient. */
  patient: string;
  name: string;
  /** Id of the RelatedPerson that stands for the person who signs in. */
  related_person: string;
  relationship: 'parent' | 'carer';
  /** The day on which the right ends, `YYYY-MM-DD`. Absent for no end. */
  until?: string;
}

/** A person who can sign in, as the import of auth-server takes them. */
export interface SignIn {
  username: string;
  password: string;
  /** Id of the own Patient. Absent for a carer who is no member. */
  patient?: string;
  name: string;
  represents?: Represents[];
}

/**
 * Members of a large data set beyond this many get no sign-in: each password costs a slow hash at the import.
 */
const maxSignIns = 20;

/** The age at which a parent's right ends. */
const majority = 18;

/**
 * Who can sign in: the known members of the environment, and where all records are synthetic the members
 * after them, too. The carers of these members come last.
 * @param members how many members the data has
 */
export function signInsOf(environment: Environment, members: number, seed = 1): SignIn[] {
  const known: SignIn[] = testMembers(environment)
    .slice(0, members)
    .map(({ username, password, patient, name }) => ({ username, password, patient, name }));
  if (!isSynthetic(environment)) return known;
  const all = Math.min(members, maxSignIns);
  const persons = Array.from({ length: all }, (_, n) => memberOf(environment, seed, n));
  for (const person of persons.slice(known.length)) {
    const children = childrenOf(person, persons);
    known.push({
      ...credentials(environment, known.length + 1),
      patient: person.patient,
      name: person.name,
      ...(children.length > 0 ? { represents: children } : {}),
    });
  }
  for (const { carer, patient, name } of persons)
    if (carer)
      known.push({
        ...credentials(environment, known.length + 1),
        name: carer,
        represents: [{ patient, name, related_person: carerId(patient), relationship: 'carer' }],
      });
  return known;
}

const credentials = (environment: Environment, number: number) =>
  environment === 'sandbox'
    ? { username: `sbx-patientAccessMember-${number}`, password: `hpTest${number}${number}` }
    : { username: `${environment}-member-${number}`, password: `${environment}-member-${number}-password` };

function childrenOf({ special }: Person, persons: readonly Person[]): Represents[] {
  if (special?.kind !== 'parent') return [];
  return specialMembers
    .filter(({ patient }) => special.children.includes(patient))
    .filter(({ patient }) => persons.some((person) => person.patient === patient))
    .map(({ patient, name, birthDate }) => ({
      patient,
      name,
      related_person: relativeId(patient),
      relationship: 'parent',
      until: birthday(birthDate, majority),
    }));
}

import type { Coverage } from 'fhir/r4.js';
import type { SignIn } from './sign-ins.js';
import { claimsOf, resourcesOf, specialCases, type CatalogueMember } from './special-cases.js';

/** A case that a larger share of the members has tells nobody which member to choose. */
const maxShareOfACase = 0.3;

/** A person who signs in, with the words that help a developer to choose. */
export interface DescribedSignIn extends SignIn {
  exercises: string[];
  birth_date?: string;
  deceased_date?: string;
  /** Status of the plan's Coverage. */
  coverage_status?: string;
}

/** Age, coverage and the number of claims say these cases already. */
const saidOtherwise = [
  'a member who has died',
  'a coverage that has ended',
  'a member without claims',
  'a thousand claims',
];

/**
 * Describes people who sign in, for a developer who chooses one: age and coverage, the number of claims,
 * the cases that few of the members have, and the people for whom they act.
 * @param members those with own records, by patient id
 */
export function withExercises(
  signIns: readonly SignIn[],
  members: ReadonlyMap<string, CatalogueMember>,
): DescribedSignIn[] {
  const all = [...members.values()];
  const rare = specialCases
    .filter(({ what }) => !saidOtherwise.includes(what))
    .filter(({ isIn }) => all.filter(isIn).length <= all.length * maxShareOfACase);
  return signIns.map((signIn) => {
    const member = members.get(signIn.patient ?? '');
    const cases = member ? rare.filter(({ isIn }) => isIn(member)).map(({ what }) => what) : [];
    return {
      ...signIn,
      ...(member && personOf(member)),
      exercises: [
        member ? claimsInWords(claimsOf(member).length) : 'no records',
        ...cases,
        ...(signIn.represents ?? []).map(({ name, relationship }) => `acts for ${name} as ${relationship}`),
      ],
    };
  });
}

function personOf(member: CatalogueMember): Partial<DescribedSignIn> {
  const { birthDate, deceasedDateTime } = member.patient;
  // The first one is the plan's own; another payer's follows.
  const [coverage] = resourcesOf<Coverage>(member, 'Coverage');
  return {
    ...(birthDate && { birth_date: birthDate }),
    ...(deceasedDateTime && { deceased_date: deceasedDateTime.slice(0, 10) }),
    ...(coverage && { coverage_status: coverage.status }),
  };
}

const claimsInWords = (count: number) =>
  count === 0 ? 'no claims' : `${count.toLocaleString('en-US')} ${count === 1 ? 'claim' : 'claims'}`;

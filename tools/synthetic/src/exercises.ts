import type { SignIn } from './sign-ins.js';
import { claimsOf, specialCases, type CatalogueMember } from './special-cases.js';

/** A case that a larger share of the members has tells nobody which member to choose. */
const maxShareOfACase = 0.3;

/**
 * Describes people who sign in, for a developer who chooses one: the number of claims, the cases that few of
 * the members have, and the people for whom they act.
 * @param members those with own records, by patient id
 */
export function withExercises(
  signIns: readonly SignIn[],
  members: ReadonlyMap<string, CatalogueMember>,
): (SignIn & { exercises: string[] })[] {
  const all = [...members.values()];
  const rare = specialCases.filter(({ isIn }) => all.filter(isIn).length <= all.length * maxShareOfACase);
  return signIns.map((signIn) => {
    const member = members.get(signIn.patient ?? '');
    const cases = member ? rare.filter(({ isIn }) => isIn(member)).map(({ what }) => what) : [];
    return {
      ...signIn,
      exercises: [
        member ? claimsInWords(claimsOf(member).length) : 'no records',
        ...cases,
        ...(signIn.represents ?? []).map(({ name, relationship }) => `acts for ${name} as ${relationship}`),
      ],
    };
  });
}

const claimsInWords = (count: number) =>
  count === 0 ? 'no claims' : `${count.toLocaleString('en-US')} ${count === 1 ? 'claim' : 'claims'}`;

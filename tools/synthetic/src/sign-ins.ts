import { memberOf } from './generate.js';
import { testMembers, type Environment } from './test-members.js';

/** A member who can sign in, as the import of auth-server takes them. */
export interface SignIn {
  username: string;
  password: string;
  /** Id of the member's Patient. */
  patient: string;
  name: string;
}

/**
 * Members of a large data set beyond this many get no sign-in: each password costs a slow hash at the import.
 */
const maxSandboxSignIns = 20;

/**
 * Who can sign in: the known members of the environment, and in the sandbox the members after them, too.
 * @param members how many members the data has
 */
export function signInsOf(environment: Environment, members: number, seed = 1): SignIn[] {
  const known: SignIn[] = testMembers(environment)
    .slice(0, members)
    .map(({ username, password, patient, name }) => ({ username, password, patient, name }));
  if (environment !== 'sandbox') return known;
  const all = Math.min(members, maxSandboxSignIns);
  for (let n = known.length; n < all; n++) {
    const { patient, name } = memberOf(environment, seed, n);
    const number = n + 1;
    known.push({
      username: `sbx-patientAccessMember-${number}`,
      password: `hpTest${number}${number}`,
      patient,
      name,
    });
  }
  return known;
}

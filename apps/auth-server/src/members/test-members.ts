import { environmentRules, type Environment } from '@payer/smart';

/** The coverage of a test member as the plan sees it: Coverage.status of FHIR, or the member has died. */
export type TestMemberStatus = 'active' | 'cancelled' | 'deceased';

/** A synthetic member of the sandbox, who signs in by a click. */
export interface TestMember {
  username: string;
  name: string;
  /** Years today, or on the day of death. Null for a person without own records. */
  age: number | null;
  /** Null for a person without own records. */
  status: TestMemberStatus | null;
  /** Cases that the member's data exercises, such as "18 claims". */
  exercises: readonly string[];
}

/** Whether members sign in by a click. True only in environments with synthetic members. */
export const offersTestMembers = (environment: Environment): boolean =>
  environmentRules[environment].data === 'synthetic';

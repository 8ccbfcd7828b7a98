import { isSynthetic, type Environment } from '@payer/smart';
import { uuidOf } from './random.js';

export type { Environment } from '@payer/smart';

/**
 * Whether a local system starts an environment with generated data: where the environment's records are
 * synthetic, and where the generator has test members for it.
 */
export const hasDataSet = (environment: Environment): boolean =>
  isSynthetic(environment) || Object.hasOwn(directory, environment);

export interface TestMember {
  username: string;
  password: string;
  /** Id of the member's Patient. */
  patient: string;
  name: string;
  gender: 'female' | 'male';
  birthDate: string;
  race?: '1002-5';
  suffix?: string;
}

/**
 * The first members of an environment. The three of the sandbox and their patient ids are those of the
 * developer page. The members of an environment without an entry are made from its name and the seed.
 */
const directory: Partial<Record<Environment, TestMember[]>> = {
  sandbox: [
    {
      username: 'sbx-patientAccessMember-1',
      password: 'hpTest11',
      patient: 'ffaa7043-d695-4cf0-a541-945bca539041',
      name: 'Maria Elena Lindqvist',
      gender: 'female',
      birthDate: '1962-04-17',
    },
    {
      username: 'sbx-patientAccessMember-2',
      password: 'hpTest22',
      patient: 'b5631ecf-b58c-48f5-87f0-b9988f41969b',
      name: 'James Okafor',
      gender: 'male',
      birthDate: '1985-11-02',
      suffix: 'Jr.',
    },
    {
      username: 'sbx-patientAccessMember-3',
      password: 'hpTest33',
      patient: '3db6ef9b-0278-4350-b6cc-857096540993',
      name: 'Nora Whitehorse',
      gender: 'female',
      birthDate: '1994-08-23',
      race: '1002-5',
    },
  ],
  production: [1, 2, 3].map((n) => ({
    username: `member-${n}`,
    password: `member-${n}-password`,
    patient: uuidOf(`production member ${n}`),
    name: ['Ingrid Solberg', 'Daniel Reyes', 'Aisha Rahman'][n - 1] as string,
    gender: n === 2 ? 'male' : 'female',
    birthDate: ['1957-02-11', '1979-06-30', '1990-12-05'][n - 1] as string,
  })),
};

export function testMembers(environment: Environment): TestMember[] {
  return directory[environment] ?? [];
}

import { byEnvironment, environmentRule, environmentVariable, type Environment } from '@payer/smart';

/** Addresses of a running system; the defaults are the fixed addresses of a local system. */
export interface SystemAddresses {
  authServer: string;
  portal: string;
  consent: string;
  fhir: Record<Environment, string>;
}

export function addressesFromVariables(variables: Record<string, string | undefined>): SystemAddresses {
  return {
    authServer: variables.AUTH_SERVER_URL ?? 'http://localhost:4000',
    portal: variables.REGISTRATION_URL ?? 'http://localhost:4001',
    consent: variables.CONSENT_URL ?? 'http://localhost:4002',
    fhir: byEnvironment(
      (environment) =>
        variables[environmentVariable(environment, 'FHIR_BASE_URL')] ??
        `http://localhost:4003${environmentRule(environment).localFhirPath}`,
    ),
  };
}

/** Members who can sign in to a local system. */
export const localMembers = {
  sandbox: [
    {
      username: 'sbx-patientAccessMember-1',
      password: 'hpTest11',
      patient: 'ffaa7043-d695-4cf0-a541-945bca539041',
    },
    {
      username: 'sbx-patientAccessMember-2',
      password: 'hpTest22',
      patient: 'b5631ecf-b58c-48f5-87f0-b9988f41969b',
    },
    {
      username: 'sbx-patientAccessMember-3',
      password: 'hpTest33',
      patient: '3db6ef9b-0278-4350-b6cc-857096540993',
    },
  ],
  production: [{ username: 'member-1', password: 'member-1-password', patient: undefined }],
} as const;

/** The platform team's account. For a system with its own password, the variables of its start apply. */
export const platformTeam = {
  email: process.env.PLATFORM_EMAIL || 'platform@example.org',
  password: process.env.PLATFORM_PASSWORD || 'platform-password',
};

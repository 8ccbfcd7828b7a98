import { planRules } from '@payer/smart';

/** What a newcomer sees: addresses, who can sign in, and a first call. */
export function welcome(variables: Record<string, string>, seconds: number): string {
  const sandbox = variables.SANDBOX_FHIR_BASE_URL;
  return `
Ready in ${seconds.toFixed(1)} s.

  Developer portal     ${variables.REGISTRATION_URL}/
  Sandbox FHIR         ${sandbox}
  Production FHIR      ${variables.PRODUCTION_FHIR_BASE_URL}
  Connected apps       ${variables.CONSENT_URL}/sandbox/   ${variables.CONSENT_URL}/production/
  Issuers              ${variables.AUTH_SERVER_URL}/sandbox   ${variables.AUTH_SERVER_URL}/production

  Sandbox members      sbx-patientAccessMember-1 / hpTest11   (-2 / hpTest22, -3 / hpTest33)
  Production member    member-1 / member-1-password
  Platform team        platform@example.org / platform-password

A first call:

  curl ${sandbox}/.well-known/smart-configuration

The whole journey (${planRules['patient-access'].title}, ${planRules['provider-directory'].title}), step by step:

  npm run journey

Logs are in .data/logs/. Ctrl-C stops everything.
`;
}

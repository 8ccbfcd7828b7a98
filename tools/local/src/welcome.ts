import { join, relative, sep } from 'node:path';
import {
  environmentRules,
  environments,
  environmentVariable,
  planRules,
  type Environment,
} from '@payer/smart';

/** A folder as a reader at the terminal finds it: below the current directory, or absolute. */
export function shownFolder(folder: string, from = process.cwd()): string {
  const below = relative(from, folder);
  return `${below === '' || below.split(sep)[0] === '..' ? folder : below}/`;
}

/** The text for a newcomer: addresses, accounts, and a first request. */
export function welcome(variables: Record<string, string>, dataDirectory: string, seconds: number): string {
  const base = (name: Environment) => variables[environmentVariable(name, 'FHIR_BASE_URL')];
  const bases = environments
    .map((name) => `  ${`${environmentRules[name].title} FHIR`.padEnd(20)} ${base(name)}`)
    .join('\n');
  return `
Ready in ${seconds.toFixed(1)} s.

  Developer portal     ${variables.REGISTRATION_URL}/
${bases}
  Connected apps       ${environments.map((name) => `${variables.CONSENT_URL}/${name}/`).join('   ')}
  Issuers              ${environments.map((name) => `${variables.AUTH_SERVER_URL}/${name}`).join('   ')}

  Sandbox members      sbx-patientAccessMember-1 / hpTest11   (-2 / hpTest22, -3 / hpTest33)
  Production member    member-1 / member-1-password
  Platform team        platform@example.org / platform-password

A first call:

  curl ${base('sandbox')}/.well-known/smart-configuration

The whole journey (${planRules['patient-access'].title}, ${planRules['provider-directory'].title}), step by step:

  npm run journey

Logs are in ${shownFolder(join(dataDirectory, 'logs'))}. Ctrl-C stops everything.
`;
}

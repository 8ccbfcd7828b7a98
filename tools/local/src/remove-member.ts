import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { environments, isEnvironment } from '@payer/smart';
import { localPostgres } from './local-postgres.js';
import { repositoryRoot } from './system.js';

const usage = `Removes a member from all services, while they serve or not (docs/operations.md, Removing a member).

  npm run remove-member -- --environment ${environments.join('|')} --member KEY

KEY is the member number, the sub or the patient id. The sign-in ends first, then every grant with its tokens
(with events). Then the data of the patient and the mails to the member are deleted. After a crash, run it again
with the same KEY. Audit entries, ended grants and access records stay. AUTH_SERVER_DATABASE_URL,
CONSENT_DATABASE_URL, REGISTRATION_DATABASE_URL and the loader's variables choose the databases; without them,
those of npm start.
`;

interface RemovedMember {
  sub: string;
  patient: string | null;
  member_number: string;
  email: string | null;
}

/** Runs a step in its service. @returns its standard output; undefined when it failed */
function step(entry: string, args: readonly string[], databaseUrl?: string): string | undefined {
  const { status, stdout } = spawnSync(process.execPath, [join(repositoryRoot, entry), ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
    encoding: 'utf8',
    env: { ...process.env, ...(databaseUrl ? { DATABASE_URL: databaseUrl } : {}) },
  });
  return status === 0 ? stdout : undefined;
}

const each = (option: string, values: readonly string[]) => values.flatMap((value) => [option, value]);

function main(args: string[]): number {
  const { values } = parseArgs({
    args,
    options: { environment: { type: 'string' }, member: { type: 'string' } },
  });
  const { environment, member } = values;
  if (!isEnvironment(environment) || !member) {
    process.stderr.write(usage);
    return 2;
  }
  const inEnvironment = ['--environment', environment];
  const {
    AUTH_SERVER_DATABASE_URL: authServer,
    CONSENT_DATABASE_URL: consent,
    REGISTRATION_DATABASE_URL: registration,
  } = process.env;
  const signIn = 'apps/auth-server/dist/member-removal/main.js';
  const begun = step(signIn, ['begin', ...inEnvironment, '--member', member], authServer);
  if (begun === undefined) return 1;
  const removed = JSON.parse(begun) as RemovedMember[];
  if (removed.length === 0) process.stdout.write(`no member of ${environment} signs in as ${member}\n`);
  else process.stdout.write(`auth-server: ${removed.length} sign-in(s) ended\n`);
  const subs = removed.map(({ sub }) => sub);
  // A patient without a sign-in has data, too.
  const patients = removed.length > 0 ? removed.flatMap(({ patient }) => patient ?? []) : [member];
  const ids = [...each('--sub', subs), ...each('--patient', patients)];
  const ended = step('apps/consent/dist/member-removal/main.js', [...inEnvironment, ...ids], consent);
  if (ended === undefined) return 1;
  process.stdout.write(ended);
  const done = [ended];
  if (patients.length > 0) {
    const ofPatients = [...inEnvironment, ...each('--patient', patients)];
    const deleted = step('apps/fhir-api/dist/load/remove-member.main.js', ofPatients);
    if (deleted === undefined) return 1;
    process.stdout.write(deleted);
    done.push(deleted);
  }
  // A wrong key must not look like a removal.
  if (removed.length === 0 && done.every((text) => text.includes(': 0 '))) {
    process.stdout.write(
      `nothing of ${member} is in ${environment}: no sign-in, no grant and no data. Check the key, unless the member was removed before.\n`,
    );
    return 0;
  }
  const addresses = removed.flatMap(({ email }) => email ?? []);
  if (addresses.length > 0) {
    const mails = 'apps/registration/dist/member-removal/main.js';
    const deleted = step(mails, each('--email', addresses), registration);
    if (deleted === undefined) return 1;
    process.stdout.write(deleted);
  }
  if (
    subs.length > 0 &&
    step(signIn, ['end', ...inEnvironment, ...each('--sub', subs)], authServer) === undefined
  )
    return 1;
  process.stdout.write(`removed ${member} from ${environment}\n`);
  return 0;
}

const postgres = await localPostgres();
let code = 1;
try {
  code = main(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n\n${usage}`);
  code = 2;
}
if (postgres?.started) await postgres.stop();
process.exit(code);

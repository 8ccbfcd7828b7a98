import { execFileSync } from 'node:child_process';
import { createWriteStream, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { once } from 'node:events';
import { join } from 'node:path';
import { repositoryRoot } from '@payer/local';
import { directoryTypes, environments, publicTypes, searchedTypes, sensitiveKinds } from '@payer/smart';
import { App } from './app.js';
import { expectLeft, expectPage } from './browser.js';
import { PortalSession } from './portal.js';
import type { TestSystem } from './test-system.js';

/** Without it, a Binary is answered with its content. */
const asResource = { headers: { accept: 'application/fhir+json' } };
const redirect_uris = ['https://client-app.com/redirect'];

interface SignIn {
  username: string;
  password: string;
  /** Undefined for a carer without own records. */
  patient?: string;
}

/** A Bundle as far as it is read here. */
interface Bundle {
  resourceType?: string;
  id?: string;
  link?: { relation: string; url: string }[];
  entry?: { resource?: { resourceType: string; id?: string } }[];
}

/** Writes answers of the API to a file, one per line. */
class Answers {
  private readonly stream;
  /** The resources in the answers, `Type/id` each. */
  readonly resources = new Set<string>();
  count = 0;

  constructor(file: string) {
    this.stream = createWriteStream(file);
  }

  async add(body: unknown): Promise<void> {
    this.count += 1;
    const { entry = [], resourceType, id } = body as Bundle;
    this.resources.add(`${resourceType}/${id}`);
    for (const { resource } of entry) this.resources.add(`${resource?.resourceType}/${resource?.id}`);
    if (!this.stream.write(`${JSON.stringify(body)}\n`)) await once(this.stream, 'drain');
  }

  async end(): Promise<void> {
    this.stream.end();
    await once(this.stream, 'finish');
  }
}

/**
 * Collects everything that the sandbox serves, as FHIR resources, for the HL7 validator: every record of
 * every member, the directory and the formulary in searchsets, Binaries, answers of operations and of
 * batches, errors, the statements of both environments, and the files of the directory.
 * @param membersFile the people who can sign in, as the generator writes them
 * @param directory gets `served.ndjson`, and the files of the directory in `directory/`
 * @returns number of answers, and the resources in them, `Type/id` each
 */
export async function collectServed(
  system: TestSystem,
  membersFile: string,
  directory: string,
): Promise<{ count: number; resources: ReadonlySet<string> }> {
  mkdirSync(directory, { recursive: true });
  const answers = new Answers(join(directory, 'served.ndjson'));
  const developer = await PortalSession.newDeveloper(system.addresses.portal);
  const appOf = async (plan: 'patient-access' | 'provider-directory') =>
    new App(
      system.addresses,
      'sandbox',
      await developer.createApp(plan, { client_name: `Validator of ${plan}`, redirect_uris }),
    );
  const health = await appOf('patient-access');
  const finder = await appOf('provider-directory');
  const members = readFileSync(membersFile, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as SignIn)
    .filter(({ patient }) => patient !== undefined);
  let token = '';
  for (const member of members) {
    token = await tokenOf(health, member);
    await collectPages(answers, health, token, `/Patient/${member.patient}/$everything?_count=100`);
  }
  // One member's searchsets have the forms of all.
  await collectSearches(answers, health, token, searchedTypes);
  await collectErrors(answers, health, token, members.at(-1)!.patient!);
  const { body } = await finder.clientCredentials();
  for (const type of publicTypes)
    await collectPages(answers, finder, body.access_token, `/${type}?_count=100`);
  await collectSearches(answers, finder, body.access_token, directoryTypes);
  for (const environment of environments)
    for (const path of ['/metadata', '/.well-known/user-access-brands.json'])
      await answers.add((await health.fhir(undefined, `${system.addresses.fhir[environment]}${path}`)).body);
  await answers.end();
  exportDirectory(system, join(directory, 'directory'));
  return answers;
}

/** A token of a member for all records, the sensitive ones among them. */
async function tokenOf(app: App, { username, password }: SignIn): Promise<string> {
  const browser = app.browser();
  const asked = await browser.open(app.authorizationUrl());
  const page = expectPage(await browser.submit(expectPage(asked), { username, password }));
  const left = expectLeft(await browser.submit(page, { sensitive: sensitiveKinds }, /^Yes/));
  const { body } = await app.exchange(left.searchParams.get('code') ?? '');
  return body.access_token;
}

/** Collects all pages of a search, and each Binary that they name. */
async function collectPages(answers: Answers, app: App, token: string, path: string): Promise<void> {
  for (let next: string | undefined = path; next !== undefined;) {
    const { status, body } = await app.fhir(token, next);
    if (status !== 200) throw new Error(`${next} was answered with ${status}: ${JSON.stringify(body)}`);
    await answers.add(body);
    const { link = [], entry = [] } = body as Bundle;
    const binaries = JSON.stringify(entry.map(({ resource }) => resource)).match(/(?<=")Binary\/[^"]+/g);
    for (const binary of new Set(binaries ?? []))
      await answers.add((await app.fhir(token, `/${binary}`, asResource)).body);
    next = link.find(({ relation }) => relation === 'next')?.url;
  }
}

/** Collects a small searchset of each type, with included resources, and a number without resources. */
async function collectSearches(
  answers: Answers,
  app: App,
  token: string,
  types: readonly string[],
): Promise<void> {
  for (const type of types) {
    const include = type === 'Patient' ? '&_revinclude=Provenance:target' : '&_include=*';
    for (const query of [`?_count=2${include}`, '?_summary=count', '?_count=1&unknown-parameter=x'])
      await answers.add((await app.fhir(token, `/${type}${query}`)).body);
  }
}

/** Collects answers of operations and batches, and errors of each kind. */
async function collectErrors(answers: Answers, app: App, token: string, patient: string): Promise<void> {
  const requests: [path: string, init?: RequestInit, token?: string][] = [
    [`/DocumentReference/$docref?patient=${patient}`],
    ['/Patient/nobody'],
    ['/Patient?birthdate=yesterday'],
    ['/Patient?unknown=x', { headers: { prefer: 'handling=strict' } }],
    ['/Observation?_count=-1'],
    ['/Unknown'],
    ['/Patient', { method: 'DELETE' }],
    ['/Patient', { headers: { accept: 'text/csv' } }],
    ['/Patient', {}, ''],
    ['/Patient', {}, 'no-token'],
    [
      '',
      {
        method: 'POST',
        headers: { 'content-type': 'application/fhir+json' },
        body: JSON.stringify({
          resourceType: 'Bundle',
          type: 'batch',
          entry: [`Patient/${patient}`, 'Patient/nobody', 'Condition?_count=1', 'Unknown'].map((url) => ({
            request: { method: 'GET', url },
          })),
        }),
      },
    ],
    ['', { method: 'POST', headers: { 'content-type': 'application/fhir+json' }, body: '{' }],
  ];
  for (const [path, init, given = token] of requests)
    await answers.add((await app.fhir(given, path, init)).body);
}

/** Publishes the directory of the sandbox as files. */
function exportDirectory({ running }: TestSystem, directory: string): void {
  const program = join(repositoryRoot, 'apps/fhir-api/dist/bulk-publish/main.js');
  execFileSync(process.execPath, [program, '--environment', 'sandbox', '--out', directory], {
    env: { ...process.env, ...running.variables, SANDBOX_DATABASE_URL: running.databaseUrl('fhir_sandbox') },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  // Lists of files, and no resources.
  for (const name of ['manifest.json', 'index.json']) rmSync(join(directory, name));
}

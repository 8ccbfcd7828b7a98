import type { Encounter, ExplanationOfBenefit, FhirResource, PractitionerRole } from 'fhir/r4.js';
import { generate } from './generate.js';
import { signInsOf } from './sign-ins.js';
import { claimsOf, hasCode, resourcesOf, specialCases, type CatalogueMember } from './special-cases.js';

/** A table as Prettier writes it. */
function table(texts: readonly (readonly string[])[]): string {
  const rows = texts.map((cells) => cells.map((cell) => cell.replaceAll('|', '\\|')));
  const width = (column: number) => Math.max(3, ...rows.map((row) => [...(row[column] ?? '')].length));
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, column) => cell + ' '.repeat(width(column) - [...cell].length)).join(' | ')} |`;
  const [head = [], ...body] = rows;
  return [line(head), line(head.map((_, column) => '-'.repeat(width(column)))), ...body.map(line)].join('\n');
}

function counts(resources: readonly FhirResource[]): Map<string, number> {
  const found = new Map<string, number>();
  for (const { resourceType } of resources) found.set(resourceType, (found.get(resourceType) ?? 0) + 1);
  return found;
}

const yes = (is: boolean) => (is ? '●' : '');

/** The sandbox's data: the provider directory, and the members with their resources. */
export interface SandboxData {
  directory: FhirResource[];
  members: CatalogueMember[];
}

/** Makes the sandbox's data. */
export function sandbox(): SandboxData {
  const directory: FhirResource[] = [];
  const members: CatalogueMember[] = [];
  for (const resource of generate({ environment: 'sandbox' })) {
    if (resource.resourceType === 'Patient') members.push({ patient: resource, all: [] });
    (members.at(-1)?.all ?? directory).push(resource);
  }
  return { directory, members };
}

/**
 * The module of the portal's documentation that lists the sandbox's members: who they are and what each
 * exercises.
 */
export function membersModule({ members }: SandboxData): string {
  const signIns = signInsOf('sandbox', members.length);
  const rows = members.map((member, n) => ({
    number: n + 1,
    name: member.patient.name?.[0]?.text ?? '',
    born: member.patient.birthDate ?? '',
    username: signIns[n]?.username ?? '',
    password: signIns[n]?.password ?? '',
    patient: member.patient.id ?? '',
    claims: claimsOf(member).length,
    resources: member.all.length,
    exercises: specialCases.filter(({ isIn }) => isIn(member)).map(({ what }) => what),
  }));
  const cases = specialCases.map(({ what, search }) => ({ what, search: search.replaceAll('`', '') }));
  return `// Made from the sandbox's data by \`npm run catalogue\`; a test of tools/synthetic holds it to the data.

/** Special cases of the sandbox's data, and the search that shows each. */
export const sandboxCases = ${JSON.stringify(cases)};

/** The synthetic members of the sandbox. All of them can sign in. */
export const sandboxMembers = ${JSON.stringify(rows)};
`;
}

/** `docs/sandbox-members.md`, from the sandbox's data as the generator makes it. */
export function catalogue({ directory, members }: SandboxData): string {
  const known = signInsOf('sandbox', members.length);
  const perMember = members.map(({ all }) => counts(all));
  const types = [...new Set(perMember.flatMap((found) => [...found.keys()]))].sort();
  const numbers = members.map((_, n) => String(n + 1));
  const roles = directory.filter((one): one is PractitionerRole => one.resourceType === 'PractitionerRole');
  const specialties = [...new Set(roles.map(({ specialty }) => specialty?.[0]?.text ?? ''))].sort();
  return `# The sandbox's members

What the sandbox holds, and which member shows what. This page is made from the data by \`npm run catalogue\`, and a test holds it to the data. The
data is synthetic: nobody in it exists.

## Members

Every member can sign in. The first three are those of the developer page; the others follow their pattern.

${table([
  ['#', 'name', 'born', 'sex', 'username', 'password', 'Patient id'],
  ...members.map(({ patient }, n) => [
    String(n + 1),
    patient.name?.[0]?.text ?? '',
    patient.birthDate ?? '',
    patient.gender ?? '',
    `\`${known[n]?.username ?? ''}\``,
    `\`${known[n]?.password ?? ''}\``,
    `\`${patient.id}\``,
  ]),
])}

## People who act for others

They choose on the consent page whose records they share. \`fhirUser\` of the tokens is then the RelatedPerson.

${table([
  ['username', 'password', 'name', 'own records', 'acts for', 'as', 'until', 'RelatedPerson'],
  ...known.flatMap(({ username, password, patient, name, represents = [] }) =>
    represents.map((other) => [
      `\`${username}\``,
      `\`${password}\``,
      name,
      patient ? 'yes' : 'no',
      other.name,
      other.relationship,
      other.until ?? 'no end',
      `\`${other.related_person}\``,
    ]),
  ),
])}

## What each exercises

${table([
  ['', 'where', ...numbers],
  ...specialCases.map(({ what, search, isIn }) => [
    what,
    search,
    ...members.map((member) => yes(isIn(member))),
  ]),
])}

Every member with claims has all five kinds: ${[...new Set(claimsOf(members[0] as CatalogueMember).map(kindOf))].sort().join(', ')}.

## Visits

${table([
  ['#', 'date', 'what', 'why'],
  ...members.flatMap((member, n) =>
    resourcesOf<Encounter>(member, 'Encounter').map((encounter) => [
      String(n + 1),
      encounter.period?.start?.slice(0, 10) ?? '',
      encounter.type?.[0]?.text ?? '',
      encounter.reasonCode?.[0]?.text ?? '',
    ]),
  ),
])}

## Resources of each

${table([
  ['type', ...numbers],
  ...types.map((type) => [type, ...perMember.map((found) => String(found.get(type) ?? ''))]),
  ['all', ...members.map(({ all }) => String(all.length))],
])}

## Directory

${table([['type', 'resources'], ...[...counts(directory)].sort().map(([type, count]) => [type, String(count)])])}

Specialties: ${specialties.join('; ')}. Of ${roles.length} practitioner roles ${acceptingOf(roles, 'newpt')} take new patients and ${acceptingOf(roles, 'existptonly')} take only
those they have.
`;
}

const kindOf = (claim: ExplanationOfBenefit) =>
  (claim.meta?.profile?.[0] ?? '')
    .replace(/^.*ExplanationOfBenefit-|\|.*$/g, '')
    .replaceAll('-', ' ')
    .toLowerCase();

const acceptingOf = (roles: readonly PractitionerRole[], code: string) =>
  roles.filter(({ extension }) =>
    extension?.some(({ extension: parts }) =>
      parts?.some(({ valueCodeableConcept }) => hasCode(valueCodeableConcept, code)),
    ),
  ).length;

import type {
  CodeableConcept,
  Condition,
  Coverage,
  Encounter,
  ExplanationOfBenefit,
  FhirResource,
  Immunization,
  MedicationRequest,
  Observation,
  Patient,
  PractitionerRole,
} from 'fhir/r4.js';
import { generate } from './generate.js';
import { signInsOf } from './sign-ins.js';

interface Member {
  patient: Patient;
  all: FhirResource[];
}

const hasCode = (concept: CodeableConcept | undefined, code: string) =>
  concept?.coding?.some((coding) => coding.code === code) ?? false;

const of = <T extends FhirResource>({ all }: Member, type: T['resourceType']) =>
  all.filter((resource): resource is T => resource.resourceType === type);

const claims = (member: Member) => of<ExplanationOfBenefit>(member, 'ExplanationOfBenefit');
const paymentIs = (claim: ExplanationOfBenefit, code: string) => hasCode(claim.payment?.type, code);

/** What a member's data may exercise: the words of the catalogue, and how it is found in the data. */
const exercises: readonly { what: string; search: string; isIn(member: Member): boolean }[] = [
  {
    what: 'a stay in the hospital',
    search: 'Encounter?class=IMP',
    isIn: (member) => of<Encounter>(member, 'Encounter').some((encounter) => encounter.class.code === 'IMP'),
  },
  {
    what: 'an operation with an implant',
    search: 'Device',
    isIn: (member) => of(member, 'Device').length > 0,
  },
  {
    what: 'a condition that is over',
    search: 'Condition?clinical-status=resolved',
    isIn: (member) =>
      of<Condition>(member, 'Condition').some(({ clinicalStatus }) => hasCode(clinicalStatus, 'resolved')),
  },
  {
    what: 'a chronic condition',
    search: 'Condition?clinical-status=active',
    isIn: (member) =>
      of<Condition>(member, 'Condition').some(({ clinicalStatus }) => hasCode(clinicalStatus, 'active')),
  },
  {
    what: 'a claim billed again: the first is cancelled',
    search: 'ExplanationOfBenefit (`status`, `related`)',
    isIn: (member) => claims(member).some(({ status }) => status === 'cancelled'),
  },
  {
    what: 'a claim the plan refused',
    search: 'ExplanationOfBenefit?type=pharmacy (`payment.type` denied)',
    isIn: (member) => claims(member).some((claim) => paymentIs(claim, 'denied')),
  },
  {
    what: 'the yearly deductible met',
    search: 'ExplanationOfBenefit (`benefitBalance`)',
    isIn: (member) =>
      claims(member).some(({ benefitBalance }) =>
        benefitBalance?.[0]?.financial?.some(
          ({ allowedMoney, usedMoney }) => allowedMoney?.value === usedMoney?.value,
        ),
      ),
  },
  {
    what: 'a claim decided as a whole, not by line',
    search: 'ExplanationOfBenefit?type=institutional',
    isIn: (member) =>
      claims(member).some(({ adjudication }) => adjudication?.some(({ amount }) => amount !== undefined)),
  },
  {
    what: 'an abnormal laboratory result',
    search: 'Observation?category=laboratory (`interpretation` H)',
    isIn: (member) =>
      of<Observation>(member, 'Observation').some(({ interpretation }) => hasCode(interpretation?.[0], 'H')),
  },
  {
    what: 'something that was not measured',
    search: 'Observation (`dataAbsentReason`)',
    isIn: (member) =>
      of<Observation>(member, 'Observation').some(({ dataAbsentReason }) => dataAbsentReason !== undefined),
  },
  {
    what: 'a medication pointed to, not written out',
    search: 'MedicationRequest?_include=MedicationRequest:medication',
    isIn: (member) =>
      of<MedicationRequest>(member, 'MedicationRequest').some(
        ({ medicationReference }) => medicationReference !== undefined,
      ),
  },
  {
    what: 'a medication contained in its prescription',
    search: 'MedicationRequest?medication.code=… (`contained`)',
    isIn: (member) =>
      of<MedicationRequest>(member, 'MedicationRequest').some(({ contained }) => contained !== undefined),
  },
  {
    what: 'an immunization that was refused',
    search: 'Immunization?status=not-done',
    isIn: (member) => of<Immunization>(member, 'Immunization').some(({ status }) => status === 'not-done'),
  },
  {
    what: 'a former name',
    search: 'Patient (`name.use` old)',
    isIn: ({ patient }) => patient.name?.some(({ use }) => use === 'old') ?? false,
  },
  {
    what: 'a tribal affiliation',
    search: 'Patient (`extension`)',
    isIn: ({ patient }) =>
      patient.extension?.some(({ url }) => url.endsWith('us-core-tribal-affiliation')) ?? false,
  },
  {
    what: 'a child on a parent’s policy',
    search: 'Coverage (`relationship` child, `subscriber`)',
    isIn: (member) =>
      of<Coverage>(member, 'Coverage').some(({ relationship }) => hasCode(relationship, 'child')),
  },
  {
    what: 'growth of a small child',
    search: 'Observation?code=9843-4',
    isIn: (member) => of<Observation>(member, 'Observation').some(({ code }) => hasCode(code, '9843-4')),
  },
  {
    what: 'a member who has died',
    search: 'Patient (`deceasedDateTime`)',
    isIn: ({ patient }) => patient.deceasedDateTime !== undefined,
  },
];

/** A table as Prettier writes it. */
function table(rows: readonly (readonly string[])[]): string {
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

function sandbox(): { directory: FhirResource[]; members: Member[] } {
  const directory: FhirResource[] = [];
  const members: Member[] = [];
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
export function membersModule(): string {
  const { members } = sandbox();
  const signIns = signInsOf('sandbox', members.length);
  const rows = members.map((member, n) => ({
    number: n + 1,
    name: member.patient.name?.[0]?.text ?? '',
    born: member.patient.birthDate ?? '',
    username: signIns[n]?.username ?? '',
    password: signIns[n]?.password ?? '',
    patient: member.patient.id ?? '',
    claims: claims(member).length,
    resources: member.all.length,
    exercises: exercises.filter(({ isIn }) => isIn(member)).map(({ what }) => what),
  }));
  const cases = exercises.map(({ what, search }) => ({ what, search: search.replaceAll('`', '') }));
  return `// Made from the sandbox's data by \`npm run catalogue\`; a test of tools/synthetic holds it to the data.

/** Special cases of the sandbox's data, and the search that shows each. */
export const sandboxCases = ${JSON.stringify(cases)};

/** The synthetic members of the sandbox. All of them can sign in. */
export const sandboxMembers = ${JSON.stringify(rows)};
`;
}

/** `docs/sandbox-members.md`, from the sandbox's data as the generator makes it. */
export function catalogue(): string {
  const { directory, members } = sandbox();
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

## What each exercises

${table([
  ['', 'where', ...numbers],
  ...exercises.map(({ what, search, isIn }) => [what, search, ...members.map((member) => yes(isIn(member)))]),
])}

Every member has all five kinds of claim: ${[...new Set(claims(members[0] as Member).map(kindOf))].sort().join(', ')}.

## Visits

${table([
  ['#', 'date', 'what', 'why'],
  ...members.flatMap((member, n) =>
    of<Encounter>(member, 'Encounter').map((encounter) => [
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

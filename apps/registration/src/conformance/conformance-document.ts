import { isApplicable, type Requirement, type Standard } from './standards/requirement.js';
import { standards } from './standards/index.js';

/** A table as Prettier writes it. */
function table(texts: readonly (readonly string[])[]): string {
  const rows = texts.map((cells) => cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll('*', '\\*')));
  const width = (column: number) => Math.max(3, ...rows.map((row) => [...(row[column] ?? '')].length));
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, column) => cell + ' '.repeat(width(column) - [...cell].length)).join(' | ')} |`;
  const [head = [], ...body] = rows;
  return [line(head), line(head.map((_, column) => '-'.repeat(width(column)))), ...body.map(line)].join('\n');
}

function proofOf(requirement: Requirement): string {
  if (!isApplicable(requirement)) return `Not applicable. ${requirement.notApplicable}`;
  const { file, name } = requirement.test;
  return `“${name}” in \`${file}\``;
}

const section = ({ title, version, url, requirements }: Standard) => `## ${title} (${version})

<${url}>

${table([
  ['clause', 'level', 'demand', 'proof'],
  ...requirements.map((one) => [one.clause, one.level, one.text, proofOf(one)]),
])}`;

/** `docs/conformance.md`, from the table of requirements. */
export const conformanceDocument = (): string => `# Conformance

Each demand of a standard on a server (SHALL, SHOULD, MUST), with the test that proves it, or the reason why it does not apply.
This page is made by \`npm run conformance\` from \`apps/registration/src/conformance/standards\`; a test holds it to the table, and
fails when a named test does not exist. The demands of the guides come from their CapabilityStatements for servers.

The portal serves the same list at \`/docs/conformance\`. There a deployment runs live checks against itself, from the outside:
a developer or a person of the platform team presses the button, or a program calls \`POST /api/conformance/runs\`. A run is
possible once a minute. It uses the demonstration apps of the sandbox and no data of a member
([decision 72](decisions/0072-a-deployment-checks-itself.md)).

${table([
  ['standard', 'version', 'tested', 'not applicable'],
  ...standards.map(({ title, version, requirements }) => {
    const tested = requirements.filter(isApplicable).length;
    return [title, version, String(tested), String(requirements.length - tested)];
  }),
])}

${standards.map(section).join('\n\n')}
`;

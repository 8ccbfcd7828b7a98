import { readPackage } from '@payer/fhir-store/definitions';
import { servedGuides } from '@payer/smart';

/** The guides whose server requirements `docs/conformance.md` lists. */
const listed = ['us-core', 'carin-bb', 'plan-net'] as const;

type Kind = 'profile' | 'interaction' | 'parameter' | 'combination' | 'include' | 'revinclude' | 'operation';

/** Requirements of one kind and level that a guide states for a resource type. */
export interface GuideRequirement {
  guide: (typeof listed)[number];
  type: string;
  kind: Kind;
  level: 'SHALL' | 'SHOULD';
  items: string[];
}

interface Extension {
  url: string;
  valueCode?: string;
  valueString?: string;
  extension?: Extension[];
}
interface Extended {
  extension?: Extension[];
}
interface ResourceStatement extends Extended {
  type: string;
  interaction?: (Extended & { code: string })[];
  searchParam?: (Extended & { name: string })[];
  operation?: (Extended & { name: string })[];
  supportedProfile?: string[];
  _supportedProfile?: (Extended | null)[];
  searchInclude?: string[];
  _searchInclude?: (Extended | null)[];
  searchRevInclude?: string[];
  _searchRevInclude?: (Extended | null)[];
}

const expectationUrl = 'http://hl7.org/fhir/StructureDefinition/capabilitystatement-expectation';
const combinationUrl =
  'http://hl7.org/fhir/StructureDefinition/capabilitystatement-search-parameter-combination';

/** A statement without an expectation demands: the guides say so in the text beside it. */
const levelOf = (one: Extended | null | undefined): string =>
  one?.extension?.find(({ url }) => url === expectationUrl)?.valueCode ?? 'SHALL';

/** The items of a list of strings, each with the level in the list beside it. */
const withLevels = (items: string[] = [], beside: (Extended | null)[] = []) =>
  items.map((item, index) => [item, levelOf(beside[index])] as const);

function statementsOf(resource: ResourceStatement): [Kind, (readonly [item: string, level: string])[]][] {
  const combinations = (resource.extension ?? []).filter(({ url }) => url === combinationUrl);
  return [
    ['profile', withLevels(resource.supportedProfile, resource._supportedProfile)],
    ['interaction', (resource.interaction ?? []).map((one) => [one.code, levelOf(one)])],
    ['parameter', (resource.searchParam ?? []).map((one) => [one.name, levelOf(one)])],
    [
      'combination',
      combinations.map((one) => [
        (one.extension ?? [])
          .flatMap(({ url, valueString = '' }) => (url === 'required' ? valueString : []))
          .join('+'),
        levelOf(one),
      ]),
    ],
    ['include', withLevels(resource.searchInclude, resource._searchInclude)],
    ['revinclude', withLevels(resource.searchRevInclude, resource._searchRevInclude)],
    ['operation', (resource.operation ?? []).map((one) => [one.name, levelOf(one)])],
  ];
}

/** What the guides demand (SHALL) and recommend (SHOULD) of a server, from their CapabilityStatements. */
export async function guideRequirements(): Promise<GuideRequirement[]> {
  const found: GuideRequirement[] = [];
  for (const guide of listed) {
    // The oldest version that is served: apps rely on it until its sunset.
    const { file, serves } = servedGuides.find(({ id }) => id === guide)!;
    const archive = new URL(`../../../data/igs/${file}.tgz`, import.meta.url);
    const statement = (await readPackage(archive)).find(
      ({ resourceType, id }) => resourceType === 'CapabilityStatement' && id === serves,
    ) as unknown as { rest: { resource: ResourceStatement[] }[] };
    for (const resource of statement.rest[0]?.resource ?? [])
      for (const [kind, stated] of statementsOf(resource))
        for (const level of ['SHALL', 'SHOULD'] as const) {
          const items = stated.filter(([, one]) => one === level).map(([item]) => item);
          if (items.length > 0) found.push({ guide, type: resource.type, kind, level, items });
        }
  }
  return found;
}

/** The module of the portal that lists them. */
export const requirementsModule = (requirements: readonly GuideRequirement[]): string =>
  `// Made from the guides' packages by \`npm run -w @payer/fhir-store-tools requirements\`; a test compares them.
import type { GuideRequirement } from './guide-requirement.js';

/** Demands on servers in the CapabilityStatements of the guides. */
export const guideRequirements: readonly GuideRequirement[] = ${JSON.stringify(requirements)};
`;

/** The path of that module below the repository. */
export const modulePath = 'apps/registration/src/conformance/standards/guide-requirements.data.ts';

/** How Prettier formats a module here (`.prettierrc.json`). */
export const moduleFormat = {
  parser: 'typescript',
  singleQuote: true,
  printWidth: 110,
  trailingComma: 'all',
} as const;

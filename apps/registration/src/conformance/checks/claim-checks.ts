import { guides, isResourceType } from '@payer/smart';
import type { GuideRequirement } from '../standards/guide-requirement.js';
import { guideRequirements } from '../standards/guide-requirements.data.js';
import { isOffered } from '../standards/offered.js';
import { demand, type Check } from './check.js';

interface ResourceStatement {
  type: string;
  extension?: { extension?: { valueString?: string }[] }[];
  supportedProfile?: string[];
  interaction?: { code: string }[];
  searchParam?: { name: string }[];
  searchInclude?: string[];
  searchRevInclude?: string[];
  operation?: { name: string }[];
}

/** The items of a kind that a statement claims. */
function claimedOf(kind: GuideRequirement['kind'], statement: ResourceStatement): string[] {
  switch (kind) {
    case 'profile':
      return (statement.supportedProfile ?? []).map(withoutVersion);
    case 'interaction':
      return (statement.interaction ?? []).map(({ code }) => code);
    case 'parameter':
      return (statement.searchParam ?? []).map(({ name }) => name);
    case 'combination':
      return (statement.extension ?? []).map(({ extension = [] }) =>
        combined(extension.map((one) => one.valueString)),
      );
    case 'include':
      return statement.searchInclude ?? [];
    case 'revinclude':
      return statement.searchRevInclude ?? [];
    case 'operation':
      return (statement.operation ?? []).map(({ name }) => name);
  }
}

const withoutVersion = (canonical: string) => canonical.split('|')[0] ?? '';
const combined = (names: readonly (string | undefined)[]) => [...names].sort().join('+');

/** An item of a guide in the form in which a statement claims it. */
function claimOf({ kind }: GuideRequirement, item: string): string {
  if (kind === 'profile') return withoutVersion(item);
  if (kind === 'combination') return combined(item.split('+'));
  if (kind === 'include' || kind === 'revinclude') return item.split(':').slice(0, 2).join(':');
  return item;
}

function claimsOf(guide: GuideRequirement['guide'], type: string): Check {
  return {
    id: `claims-${guide}-${type}`,
    title: `The CapabilityStatement claims for ${type} all that ${guides[guide].name} asks of it`,
    needsApp: false,
    async run(subject) {
      const { rest } = (await subject.metadata()) as { rest?: { resource?: ResourceStatement[] }[] };
      const statement = rest?.[0]?.resource?.find((one) => one.type === type);
      demand(statement, `The CapabilityStatement lacks ${type}.`);
      for (const row of guideRequirements.filter((one) => one.guide === guide && one.type === type)) {
        const claimed = new Set(claimedOf(row.kind, statement));
        const missing = row.items.filter((item) => isOffered(item) && !claimed.has(claimOf(row, item)));
        demand(missing.length === 0, `Missing ${row.kind}: ${missing.join(', ')}.`);
      }
    },
  };
}

/** The claims of the CapabilityStatement, by guide and resource type. */
export const claimChecks: readonly Check[] = [
  ...new Set(
    guideRequirements.filter(({ type }) => isResourceType(type)).map(({ guide, type }) => `${guide} ${type}`),
  ),
].map((pair) => {
  const [guide, type = ''] = pair.split(' ') as [GuideRequirement['guide'], string];
  return claimsOf(guide, type);
});

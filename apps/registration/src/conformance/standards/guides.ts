import { isResourceType, servedGuides } from '@payer/smart';
import type { Requirement, Standard, TestReference } from './requirement.js';
import type { GuideRequirement, ListedGuide } from './guide-requirement.js';
import { guideRequirements } from './guide-requirements.data.js';
import { guideTexts } from './guide-texts.js';
import { isOffered, whyNotOffered } from './offered.js';
import { tests } from './tests.js';

/** The words of a kind, and the test that proves it for every resource type. */
const kinds: Record<GuideRequirement['kind'], { words: string; test: TestReference }> = {
  profile: {
    words: 'profiles',
    test: tests.everyParameter(
      'every profile that is claimed finds what is stored of it, by the name under which it is claimed',
    ),
  },
  interaction: {
    words: 'interactions',
    test: tests.metadata(
      'claims read and search of every resource type, with parameters that have definitions, and nothing that writes',
    ),
  },
  parameter: {
    words: 'search parameters',
    test: tests.everyParameter('is found by each of its parameters in every form'),
  },
  combination: {
    words: 'combinations of search parameters',
    test: tests.everyParameter('every combination that a guide requires narrows the search'),
  },
  include: {
    words: '_include',
    test: tests.everyParameter('every reference of every type is followed by _include and _revinclude'),
  },
  revinclude: {
    words: '_revinclude',
    test: tests.everyParameter('every reference of every type is followed by _include and _revinclude'),
  },
  operation: {
    words: 'operations',
    test: tests.metadata(
      'claims read and search of every resource type, with parameters that have definitions, and nothing that writes',
    ),
  },
};

/** Directory types are searched with the token of the demonstration app; of the others, metadata is read. */
const checksOf = ({ guide, type, kind }: GuideRequirement): string[] =>
  guide === 'plan-net' && (kind === 'parameter' || kind === 'include' || kind === 'revinclude')
    ? [`claims-${guide}-${type}`, `search-${type}`]
    : [`claims-${guide}-${type}`];

/** The last part of a profile's URL. Other items are short. */
const shortName = (item: string) => item.split('/').at(-1) ?? item;

function requirementsOf(row: GuideRequirement): Requirement[] {
  const { type, kind, level, items } = row;
  const { words, test } = kinds[kind];
  const text = (some: readonly string[]) => `${words}: ${some.map(shortName).join(', ')}`;
  if (!isResourceType(type))
    return [
      { clause: type, level, text: text(items), notApplicable: `The plan has no data of the type ${type}.` },
    ];
  const offered = items.filter(isOffered);
  return [
    ...(offered.length > 0
      ? [{ clause: type, level, text: text(offered), test, checks: checksOf(row) }]
      : []),
    ...items.flatMap((item) => {
      const notApplicable = whyNotOffered(item);
      return notApplicable ? [{ clause: type, level, text: text([item]), notApplicable }] : [];
    }),
  ];
}

function standardOf(id: ListedGuide, title: string): Standard {
  // The oldest version that is served: apps rely on it until its sunset.
  const { version, canonical } = servedGuides.find((guide) => guide.id === id)!;
  const rows = guideRequirements.filter(({ guide }) => guide === id);
  return {
    slug: id,
    title,
    version,
    url: canonical,
    requirements: [...guideTexts[id], ...rows.flatMap(requirementsOf)],
  };
}

/** The guides, with the demands of their CapabilityStatements for servers. */
export const guideStandards: readonly Standard[] = [
  standardOf('us-core', 'US Core'),
  standardOf('carin-bb', 'CARIN Consumer Directed Payer Data Exchange'),
  standardOf('plan-net', 'Da Vinci PDex Plan-Net'),
];

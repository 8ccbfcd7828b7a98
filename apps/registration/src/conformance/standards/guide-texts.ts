import type { Requirement } from './requirement.js';
import { tests } from './tests.js';

/** Demands that the guides make in the text of their CapabilityStatements. */
const shared: readonly Requirement[] = [
  {
    clause: 'Server',
    level: 'SHALL',
    text: 'Answer an invalid parameter with status 400.',
    test: tests.rest('refuses wrongly encoded parameters instead of guessing'),
    checks: ['invalid-value', 'unknown-parameter'],
  },
  {
    clause: 'Server',
    level: 'SHALL',
    text: 'Answer a request without authorization with status 401.',
    test: tests.gateway('that has no token gets a challenge without an error code'),
    checks: ['no-token', 'rubbish-token', 'altered-token', 'unsigned-token'],
  },
  {
    clause: 'Server',
    level: 'SHALL',
    text: 'Answer insufficient scope with status 403.',
    test: tests.gateway('is refused for a type of the other plan, which is named'),
    checks: ['directory-token-reads-no-member'],
  },
  {
    clause: 'Server',
    level: 'SHALL',
    text: 'Answer an unknown resource with status 404.',
    test: tests.rest('%s %s answers %i with an OperationOutcome'),
    checks: ['unknown-resource'],
  },
  {
    clause: 'Server',
    level: 'SHALL',
    text: 'Support JSON.',
    test: tests.rest('answers with the resource, its version, its time and its cache rule'),
    checks: ['metadata', 'directory-read'],
  },
  {
    clause: 'Server',
    level: 'SHOULD',
    text: 'Support XML.',
    notApplicable: 'Answers are JSON. A request for XML gets 406, which says so.',
  },
];

const deleted: Requirement = {
  clause: 'Server',
  level: 'SHALL',
  text: 'Answer a deleted resource with status 410.',
  test: tests.rest('answers 410 for a deleted resource to its readers, and 404 to others'),
};

const everyProfile: Requirement = {
  clause: 'Server',
  level: 'SHALL',
  text: 'Support every profile of the guide, and name it in meta.profile.',
  test: tests.kits('every profile of the capability statements has a resource of its version'),
};

const combined: Requirement = {
  clause: 'Server',
  level: 'SHALL',
  text: 'Take the search parameters one by one and together.',
  test: tests.everyParameter('every combination that a guide requires narrows the search'),
};

export const guideTexts: Record<'us-core' | 'carin-bb' | 'plan-net', readonly Requirement[]> = {
  'us-core': [
    ...shared,
    {
      clause: 'Server',
      level: 'SHALL',
      text: 'Support the Patient profile, at least one other profile, and the profiles that they reference.',
      test: tests.kits('every profile of the capability statements has a resource of its version'),
    },
    {
      clause: 'Server',
      level: 'SHOULD',
      text: 'Name the supported profiles in meta.profile.',
      test: tests.everyParameter(
        'every profile that is claimed finds what is stored of it, by the name under which it is claimed',
      ),
    },
    {
      clause: 'Search parameters',
      level: 'SHALL',
      text: 'Take the modifiers, comparators, chains and lists of values that the SearchParameters demand.',
      test: tests.guides(
        'comes with SearchParameters whose modifiers and comparators are all taken, and whose lists of values are',
      ),
    },
  ],
  'carin-bb': [...shared, deleted, everyProfile, combined],
  'plan-net': [
    ...shared,
    deleted,
    everyProfile,
    combined,
    {
      clause: 'Server',
      level: 'SHALL',
      text: 'Support chains forward and backward on the parameters that specify them.',
      test: tests.everyParameter(
        'every chain that a guide lists, and one to each parameter of each target, leads to the same, stored or contained',
      ),
    },
    {
      clause: 'Server',
      level: 'SHALL',
      text: 'Read the directory without the identity of a member.',
      test: tests.system(
        "the page's request gives exactly system/*.rs, no patient, and reads the directory only",
      ),
      checks: ['directory-token', 'directory-read', 'paging'],
    },
  ],
};

import type { CapabilityStatement, CapabilityStatementRestResource } from 'fhir/r4.js';
import {
  endpoints,
  environmentRule,
  guideCanonical,
  isTypeOfGrant,
  instantiatedRequirements,
  planRules,
  plans,
  resourceTypesOfPlan,
  servedGuides,
  typesWithoutSearch,
  type EnvironmentAddresses,
} from '@payer/smart';
import { defaultCount, maximumCount, type Repository } from '@payer/fhir-store';
import { consentCapability } from '../consents/capability.js';
import { directoryTypes } from '../gateway/open-directory.js';
import { hasHistory, maxBatchEntries, type Offered } from '../offered.js';
import { versionsInWords } from './guide-versions.js';

/**
 * The CapabilityStatement of one environment (FHIR R4 §5.2, kind `instance`), generated from the real search
 * engine.
 * @param about with the date on which this server began to offer these capabilities
 */
export function capabilityStatement(
  addresses: EnvironmentAddresses,
  capabilities: ReturnType<Repository['capabilities']>,
  about: {
    software: { name: string; version: string };
    publisher: string;
    date: Date;
    offered: Offered;
  },
): CapabilityStatement {
  const { software, publisher, date, offered } = about;
  const { environment, fhirBaseUrl } = addresses;
  return {
    resourceType: 'CapabilityStatement',
    name: `${environmentRule(environment).title}FhirApi`,
    title: `${publisher}: FHIR API, ${environment}`,
    status: 'active',
    date: date.toISOString(),
    publisher,
    description: 'Read-only Patient Access and Provider Directory APIs.',
    kind: 'instance',
    instantiates: instantiatedRequirements(),
    software,
    implementation: { description: `${publisher}, ${environment} environment`, url: fhirBaseUrl },
    fhirVersion: '4.0.1',
    format: ['application/fhir+json', 'json'],
    implementationGuide: servedGuides.map(guideCanonical),
    rest: [
      {
        mode: 'server',
        documentation: [
          'Patient Access tokens read what belongs to their member and what that points to; Provider Directory tokens read the directory and the drug formulary.',
          publicAccess(offered),
          versionsInWords(servedGuides),
        ]
          .filter(Boolean)
          .join('\n\n'),
        security: smartSecurity(addresses, offered),
        resource: [
          ...[...capabilities, consentCapability].map((one) => resourceStatement(one, offered)),
          ...typesWithoutSearch.map(readStatement),
        ],
        ...(offered.batch ? { interaction: [batch] } : {}),
        searchParam: parametersOfEverySearch,
        ...(offered.publishedFiles ? { operation: [bulkPublish] } : {}),
        // Patient/[id]/[type] searches in the compartment.
        compartment: ['http://hl7.org/fhir/CompartmentDefinition/patient'],
      },
    ],
  };
}

/**
 * The parameters of every search, beside the parameters of its type. They "should include the control search
 * parameters" (FHIR R4, CapabilityStatement.rest.resource.searchParam). No SearchParameter resource defines
 * them: the types are from R4's table of searches.
 */
const parametersOfEverySearch: CapabilityStatementRestResource['searchParam'] = [
  {
    name: '_has',
    type: 'string',
    documentation: '_has:Type:reference:parameter: what such a resource points to',
  },
  {
    name: '_include',
    type: 'string',
    documentation: 'As searchInclude of the type lists; also with :iterate',
  },
  {
    name: '_revinclude',
    type: 'string',
    documentation: 'As searchRevInclude of the type lists; also with :iterate',
  },
  {
    name: '_sort',
    type: 'string',
    documentation:
      'Parameters of the type that are not composite or special, with - before one that descends',
  },
  {
    name: '_count',
    type: 'number',
    documentation: `Matches of a page: ${defaultCount} unless asked, at most ${maximumCount}`,
  },
  { name: '_total', type: 'string', documentation: 'none, estimate or accurate' },
  { name: '_summary', type: 'string', documentation: 'true, text, data, count or false' },
  { name: '_elements', type: 'string', documentation: 'Top-level elements, separated by commas' },
];

type Capability = ReturnType<Repository['capabilities']>[number];

function resourceStatement(capability: Capability, offered: Offered): CapabilityStatementRestResource {
  const operations = operationsOf(capability.type, offered);
  const history = (offered.history ?? false) && hasHistory(capability.type);
  const { type, profiles, combinations, searchInclude, searchRevInclude, searchParam } = capability;
  return {
    ...(combinations.length > 0 ? { extension: combinations.map(combination) } : {}),
    type: type as CapabilityStatementRestResource['type'],
    documentation: `Part of the ${plansWith(type).join(' and the ')}.${isPublic(type, offered) ? ' Read without a token.' : ''}${isTypeOfGrant(type) ? ' A token reads the grant that it was issued for, and no other.' : ''}`,
    ...(profiles.length > 0 ? { supportedProfile: profiles } : {}),
    interaction: [
      { code: 'read' },
      history
        ? { code: 'vread' }
        : { code: 'vread', documentation: 'Of the current version; earlier ones are not kept' },
      ...(history ? [historyOfInstance] : []),
      { code: 'search-type' },
    ],
    versioning: 'versioned',
    readHistory: history,
    updateCreate: false,
    conditionalCreate: false,
    conditionalRead: 'full-support',
    conditionalUpdate: false,
    conditionalDelete: 'not-supported',
    // References to other servers are served and searchable, but not resolved.
    referencePolicy: ['literal', 'logical'],
    searchInclude,
    searchRevInclude,
    searchParam,
    ...(operations.length > 0 ? { operation: operations } : {}),
  };
}

/** Of a type that is read by id alone. */
const readStatement = (type: (typeof typesWithoutSearch)[number]): CapabilityStatementRestResource => ({
  type,
  documentation: `Part of the ${plansWith(type).join(' and the ')}. A read gives the content itself, or FHIR JSON when Accept names application/fhir+json. A resource with an attachment leads to it.`,
  interaction: [
    { code: 'read' },
    { code: 'vread', documentation: 'Of the current version; earlier ones are not kept' },
  ],
  versioning: 'versioned',
  readHistory: false,
  conditionalRead: 'full-support',
});

const batch = {
  code: 'batch' as const,
  documentation: `GET entries alone: reads and searches, at most ${maxBatchEntries}. Each entry has the rights, the limits and the costs of a request by itself.`,
};

const historyOfInstance = {
  code: 'history-instance' as const,
  documentation:
    'The versions that were loaded since this server keeps them, and the deletions. A version that belonged to another member, or holds data that the member keeps closed, is left out.',
};

const docref = {
  name: 'docref',
  definition: 'http://hl7.org/fhir/us/core/OperationDefinition/docref',
  documentation:
    "The member's stored documents about care between start and end, the current ones without either, of all types unless type names some. No document is made on demand, and profile is refused. Nothing is included.",
};

const everything = {
  name: 'everything',
  definition: 'http://hl7.org/fhir/OperationDefinition/Patient-everything',
  documentation:
    "Of the token's own Patient: the compartment, and the resources that it references, in pages of _count. start and end are about dates of care; a resource without one is always in. _since and _type limit the rest. Binaries are read by id.",
};

const bulkPublish = {
  name: 'bulk-publish',
  definition: 'http://hl7.org/fhir/uv/bulkdata/OperationDefinition/bulk-publish',
  documentation:
    'The provider directory as files, made every night: a manifest of NDJSON files by type. A file never changes under its name.',
};

const operationsOf = (type: string, offered: Offered) => [
  ...(type === 'DocumentReference' ? [docref] : []),
  ...(type === 'Patient' && offered.everything ? [everything] : []),
];

const isPublic = (type: string, { openDirectory = false }: Offered) =>
  openDirectory && directoryTypes.has(type);

/** Says that the directory is open, where it is. */
const publicAccess = ({ openDirectory }: Offered) =>
  openDirectory
    ? `Everybody reads the directory without a token: ${[...directoryTypes].join(', ')}. Requests without a token are limited per address (RateLimit, Retry-After); a token that is sent is checked.`
    : '';

/** Titles of the plans whose tokens may read the type. A token of another plan gets 403. */
const plansWith = (type: string) =>
  plans.filter((plan) => resourceTypesOfPlan[plan].has(type)).map((plan) => planRules[plan].title);

const combination = (codes: string[]) => ({
  url: 'http://hl7.org/fhir/StructureDefinition/capabilitystatement-search-parameter-combination',
  extension: codes.map((valueString) => ({ url: 'required', valueString })),
});

/** The SMART security block. Every URL is the same as in the SMART configuration. */
function smartSecurity(addresses: EnvironmentAddresses, offered: Offered) {
  const urls = endpoints(addresses);
  const oauthUris = {
    authorize: urls.authorization_endpoint,
    token: urls.token_endpoint,
    register: urls.registration_endpoint,
    manage: urls.management_endpoint,
    introspect: urls.introspection_endpoint,
    revoke: urls.revocation_endpoint,
  };
  return {
    extension: [
      {
        url: 'http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris',
        extension: Object.entries(oauthUris).map(([url, valueUri]) => ({ url, valueUri })),
      },
    ],
    cors: true,
    service: [
      {
        coding: [
          {
            system: 'http://terminology.hl7.org/CodeSystem/restful-security-service',
            code: 'SMART-on-FHIR',
            display: 'SMART-on-FHIR',
          },
        ],
        text: 'OAuth 2.0 with the SMART App Launch framework',
      },
    ],
    description:
      `Access tokens of the SMART configuration, as Bearer tokens. metadata and .well-known need none. ${publicAccess(offered)}`.trim(),
  };
}

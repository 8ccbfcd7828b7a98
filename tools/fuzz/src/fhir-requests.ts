import fc from 'fast-check';
import { encoded, someHeaders, type FuzzRequest } from './request.js';
import { anyValue, inAddress, mostlyOrdinary } from './values.js';

/** The parts of a CapabilityStatement (R4) that describe searches. */
interface CapabilityStatement {
  rest: {
    resource: {
      type: string;
      searchParam?: { name: string }[];
      searchInclude?: string[];
      searchRevInclude?: string[];
      operation?: { name: string }[];
    }[];
    operation?: { name: string }[];
  }[];
}

const modifiers = [
  'exact',
  'contains',
  'missing',
  'not',
  'text',
  'in',
  'of-type',
  'identifier',
  'above',
  'Patient',
  'iterate',
  '',
];
const resultParameters = [
  '_count',
  '_sort',
  '_summary',
  '_elements',
  '_total',
  '_format',
  '_pretty',
  '_contained',
  '_has',
  '_filter',
  '_cursor',
  '_lastUpdated',
  '_id',
  '_profile',
  '_security',
  '_tag',
  '_text',
  '_type',
];

/**
 * Searches, reads and operations of every type that the CapabilityStatement names.
 * @param tokens access tokens to use; an empty text means a request without a token
 */
export async function fhirRequests(
  base: string,
  tokens: readonly string[],
): Promise<fc.Arbitrary<FuzzRequest>> {
  const statement = (await (await fetch(`${base}/metadata`)).json()) as CapabilityStatement;
  const resources = statement.rest[0]!.resource;
  const types = resources.map(({ type }) => type);
  const parameterNames = (type: string) =>
    resources.find((one) => one.type === type)?.searchParam?.map(({ name }) => name) ?? [];
  const includes = resources.flatMap(({ searchInclude = [], searchRevInclude = [] }) => [
    ...searchInclude,
    ...searchRevInclude,
  ]);
  const operations = resources.flatMap(({ type, operation = [] }) =>
    operation.map(({ name }) => `${type}/$${name}`),
  );

  const name = (type: string): fc.Arbitrary<string> => {
    const own = fc.constantFrom('_id', ...parameterNames(type));
    return fc.oneof(
      { weight: 5, arbitrary: own },
      { weight: 2, arbitrary: fc.tuple(own, fc.constantFrom(...modifiers)).map((two) => two.join(':')) },
      { weight: 2, arbitrary: fc.constantFrom(...resultParameters) },
      {
        weight: 1,
        arbitrary: fc
          .tuple(
            own,
            fc.constantFrom(...types).chain((other) => fc.constantFrom('_id', ...parameterNames(other))),
          )
          .map((two) => two.join('.')),
      },
      {
        weight: 1,
        arbitrary: fc
          .tuple(fc.constantFrom(...types), own)
          .map(([other, one]) => `_has:${other}:${one}:${one}`),
      },
    );
  };
  const include = fc.tuple(
    fc.constantFrom('_include', '_revinclude', '_include:iterate'),
    fc.oneof(fc.constantFrom('*', ...includes), anyValue),
  );
  const search = fc
    .constantFrom(...types)
    .chain((type) =>
      fc
        .array(
          fc.oneof(
            { weight: 6, arbitrary: fc.tuple(name(type), mostlyOrdinary) },
            { weight: 1, arbitrary: include },
          ),
          { maxLength: 4 },
        )
        .map((parameters) => ({ type, parameters })),
    );
  const path = fc.oneof(
    fc
      .tuple(fc.constantFrom(...types), anyValue, fc.boolean())
      .map(([type, id, isRaw]) => `${type}/${inAddress(id, isRaw)}`),
    fc.constantFrom(
      '',
      'metadata',
      '.well-known/smart-configuration',
      '.well-known/user-access-brands.json',
      '$bulk-publish',
      'directory-export/index.json',
      'Nothing',
      '$export',
      'Patient/1/_history',
      'Patient/1/_history/1',
      'Patient/1/Observation',
      'Patient/1/$everything',
      '_history',
      ...operations,
    ),
    anyValue.map((value) => inAddress(value, false)),
  );
  const authorization = fc
    .constantFrom(...tokens)
    .map((token): Record<string, string> => (token ? { authorization: `Bearer ${token}` } : {}));
  const method = fc.oneof(
    { weight: 9, arbitrary: fc.constant('GET') },
    { weight: 1, arbitrary: fc.constantFrom('HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS') },
  );

  return fc.oneof(
    {
      weight: 6,
      arbitrary: fc
        .tuple(search, authorization, someHeaders, fc.boolean())
        .map(([{ type, parameters }, token, headers, isRaw]) => ({
          method: 'GET',
          url: `${base}/${type}?${encoded(parameters, isRaw)}`,
          headers: { ...headers, ...token },
        })),
    },
    {
      weight: 1,
      arbitrary: fc
        .tuple(search, authorization, someHeaders)
        .map(([{ type, parameters }, token, headers]) => ({
          method: 'POST',
          url: `${base}/${type}/_search`,
          headers: { ...headers, ...token, 'content-type': 'application/x-www-form-urlencoded' },
          body: encoded(parameters),
        })),
    },
    {
      weight: 3,
      arbitrary: fc
        .tuple(method, path, authorization, someHeaders, fc.option(anyValue, { nil: undefined }))
        .map(([verb, tail, token, headers, body]) => ({
          method: verb,
          url: `${base}/${tail}`,
          headers: { ...headers, ...token },
          ...(body !== undefined && !['GET', 'HEAD'].includes(verb) ? { body } : {}),
        })),
    },
  );
}

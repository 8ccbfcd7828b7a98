import { createPublicKey } from 'node:crypto';
import { demand, demandStatus, type Check } from './check.js';
import { jsonOf, type Subject } from './subject.js';

const listOf = (document: Record<string, unknown>, name: string): unknown[] => {
  const value = document[name];
  demand(Array.isArray(value), `${name} is no list.`);
  return value;
};

const smartUrl = ({ addresses }: Subject) => `${addresses.fhirBaseUrl}/.well-known/smart-configuration`;

/** The URLs of `oauth-uris` in the CapabilityStatement, by name. */
function oauthUris(statement: Record<string, unknown>): Map<string, string> {
  const [rest] = listOf(statement, 'rest') as {
    security?: { extension?: { extension?: { url: string; valueUri: string }[] }[] };
  }[];
  return new Map(
    rest?.security?.extension?.flatMap(({ extension = [] }) =>
      extension.map(({ url, valueUri }) => [url, valueUri] as const),
    ),
  );
}

/** The public documents of an environment. */
export const discoveryChecks: readonly Check[] = [
  {
    id: 'smart-configuration',
    title: 'The SMART configuration is JSON for everybody, with all members that SMART App Launch demands',
    needsApp: false,
    async run(subject) {
      const answer = await subject.get(smartUrl(subject), { accept: 'text/html' });
      demandStatus(answer, 200);
      demand(
        answer.headers['content-type']?.startsWith('application/json'),
        `The content type is ${answer.headers['content-type']}.`,
      );
      const document = jsonOf(answer);
      demand(document.issuer === subject.addresses.issuer, `issuer is ${String(document.issuer)}.`);
      for (const [name, url] of Object.entries(subject.endpoints))
        demand(document[name] === url, `${name} is ${String(document[name])}. It must be ${url}.`);
      const methods = listOf(document, 'code_challenge_methods_supported');
      demand(methods.includes('S256'), 'code_challenge_methods_supported lacks S256.');
      demand(!methods.includes('plain'), 'code_challenge_methods_supported has plain.');
      demand(listOf(document, 'grant_types_supported').length > 0, 'grant_types_supported is empty.');
      const capabilities = listOf(document, 'capabilities');
      for (const needed of [
        'launch-standalone',
        'client-confidential-symmetric',
        'client-confidential-asymmetric',
        'permission-v2',
      ])
        demand(capabilities.includes(needed), `capabilities lacks ${needed}.`);
    },
  },
  {
    id: 'openid-configuration',
    title: 'The OpenID configuration names the issuer of the environment, code responses only, and S256',
    needsApp: false,
    async run(subject) {
      const { issuer } = subject.addresses;
      const answer = await subject.get(`${issuer}/.well-known/openid-configuration`);
      demandStatus(answer, 200);
      const document = jsonOf(answer);
      demand(document.issuer === issuer, `issuer is ${String(document.issuer)}. It must be ${issuer}.`);
      const types = listOf(document, 'response_types_supported');
      demand(types.join() === 'code', `response_types_supported is ${types.join(', ')}.`);
      const methods = listOf(document, 'code_challenge_methods_supported');
      demand(methods.join() === 'S256', `code_challenge_methods_supported is ${methods.join(', ')}.`);
      const algorithms = listOf(document, 'id_token_signing_alg_values_supported');
      demand(algorithms.includes('RS256'), 'id_tokens are not signed with RS256.');
      demand(
        document.authorization_response_iss_parameter_supported === true,
        'authorization_response_iss_parameter_supported is not true (RFC 9207).',
      );
    },
  },
  {
    id: 'published-keys',
    title: 'The keys of the issuer are public keys, and an RSA key is among them',
    needsApp: false,
    async run(subject) {
      const answer = await subject.get(subject.endpoints.jwks_uri);
      demandStatus(answer, 200);
      const keys = listOf(jsonOf(answer), 'keys') as Record<string, string>[];
      demand(
        keys.some(({ kty }) => kty === 'RSA'),
        'No key is an RSA key.',
      );
      for (const key of keys) {
        demand(!('d' in key), `The key ${key.kid} shows its private part.`);
        createPublicKey({ key, format: 'jwk' });
      }
    },
  },
  {
    id: 'metadata',
    title: 'The CapabilityStatement of R4 is there without a token, and its OAuth URLs are those of SMART',
    needsApp: false,
    async run(subject) {
      const answer = await subject.fhir('metadata');
      demandStatus(answer, 200);
      const statement = jsonOf(answer);
      demand(statement.resourceType === 'CapabilityStatement', 'The answer is no CapabilityStatement.');
      demand(statement.fhirVersion === '4.0.1', `fhirVersion is ${String(statement.fhirVersion)}.`);
      demand(listOf(statement, 'format').includes('json'), 'format lacks json.');
      const uris = oauthUris(statement);
      const smart = await subject.smartConfiguration();
      for (const [name, member] of [
        ['authorize', 'authorization_endpoint'],
        ['token', 'token_endpoint'],
        ['introspect', 'introspection_endpoint'],
        ['revoke', 'revocation_endpoint'],
      ] as const)
        demand(
          smart[member] !== undefined && uris.get(name) === smart[member],
          `oauth-uris has ${uris.get(name)} for ${name}. The SMART configuration has ${String(smart[member])}.`,
        );
    },
  },
];

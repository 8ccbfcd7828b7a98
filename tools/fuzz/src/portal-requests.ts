import fc from 'fast-check';
import { encoded, someHeaders, someParameters, type FuzzRequest } from './request.js';
import { anyJson, anyValue, inAddress } from './values.js';

interface OpenApi {
  paths: Record<
    string,
    Record<string, { parameters?: { name: string; in: string }[]; requestBody?: unknown }>
  >;
}

/**
 * Requests to every operation of the portal's OpenAPI document, with bodies made of the properties that the
 * document names.
 * @param tokens session tokens of the portal; an empty text means none
 * @param ids identifiers that exist, for the places of a path
 */
export async function portalRequests(
  portal: string,
  tokens: readonly string[],
  ids: readonly string[],
): Promise<fc.Arbitrary<FuzzRequest>> {
  const document = (await (await fetch(`${portal}/api/openapi.json`)).json()) as OpenApi;
  const properties = [...new Set(propertyNames(document))];
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { parameters = [] }]) => ({
      path,
      method: method.toUpperCase(),
      query: parameters.filter((one) => one.in === 'query').map(({ name }) => name),
    })),
  );
  // Signing out would end the sessions that the other requests need; deleting an app would end its requests.
  const lasting = operations.filter(
    ({ path, method }) => !(method === 'DELETE' && /sessions|developers\/me$|apps\/\{[^}]*\}$/.test(path)),
  );
  const place = fc.oneof(
    fc.constantFrom(...ids),
    anyValue.filter((value) => value !== ''),
  );
  const body = fc.oneof(
    {
      weight: 6,
      arbitrary: fc
        .dictionary(fc.constantFrom(...properties), anyJson, { maxKeys: 8 })
        .map((value) => JSON.stringify(value)),
    },
    { weight: 1, arbitrary: anyJson.map((value) => JSON.stringify(value)) },
    { weight: 1, arbitrary: anyValue },
  );
  return fc.constantFrom(...lasting).chain(({ path, method, query }) =>
    fc
      .tuple(
        fc.array(place, { minLength: 4, maxLength: 4 }),
        someParameters(query.length ? query : ['anything'], 3),
        body,
        fc.constantFrom(...tokens),
        someHeaders,
      )
      .map(([places, parameters, text, token, headers]) => {
        let next = 0;
        const filled = path.replace(/\{[^}]+\}/g, () => inAddress(places[next++ % places.length]!, false));
        const hasBody = !['GET', 'HEAD', 'DELETE'].includes(method);
        return {
          method,
          url: `${portal}${filled}?${encoded(parameters)}`,
          headers: {
            ...headers,
            ...(hasBody ? { 'content-type': 'application/json' } : {}),
            ...(token ? { authorization: `Bearer ${token}` } : {}),
          },
          ...(hasBody ? { body: text } : {}),
        };
      }),
  );
}

/** The names of all properties of all schemas of the document, wherever they stand. */
function propertyNames(node: unknown): string[] {
  if (typeof node !== 'object' || node === null) return [];
  const { properties } = node as { properties?: object };
  const own = typeof properties === 'object' && properties !== null ? Object.keys(properties) : [];
  return [...own, ...Object.values(node).flatMap(propertyNames)];
}

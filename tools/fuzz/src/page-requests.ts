import fc from 'fast-check';
import { encoded, someHeaders, someParameters, type FuzzRequest } from './request.js';

/**
 * Requests for pages: forms with fields of the pages, and addresses with queries.
 * @param addresses pages, without a query
 */
export function pageRequests(addresses: readonly string[]): fc.Arbitrary<FuzzRequest> {
  const names = [
    'request',
    'grant',
    'csrf',
    'decision',
    'days',
    'username',
    'password',
    'email',
    'name',
    'organization',
    'client_name',
    'redirect_uris',
    'q',
    'page',
    'cursor',
    'lang',
    'from',
    'to',
    'status',
    'token',
    'code',
    'error',
    'state',
  ];
  return fc
    .tuple(
      fc.constantFrom(...addresses),
      someParameters(names),
      fc.constantFrom('GET', 'GET', 'POST', 'HEAD'),
      someHeaders,
      fc.constantFrom('same-origin', 'cross-site', ''),
    )
    .map(([url, parameters, method, headers, site]) => {
      const text = encoded(parameters);
      const fetchSite: Record<string, string> = site ? { 'sec-fetch-site': site } : {};
      return method === 'POST'
        ? {
            method,
            url,
            headers: {
              ...headers,
              ...fetchSite,
              origin: new URL(url).origin,
              'content-type': 'application/x-www-form-urlencoded',
            },
            body: text,
          }
        : { method, url: `${url}?${text}`, headers: { ...headers, ...fetchSite } };
    });
}

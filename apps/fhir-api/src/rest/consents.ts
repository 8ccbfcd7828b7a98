import { randomUUID } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { Access } from '@payer/fhir-store';
import type { Consent } from 'fhir/r4.js';
import { neverStored, fhirJson, type Answer } from '../answer.js';
import { parseConsentSearch, type ConsentSearch } from '../consents/parse-search.js';
import { isMatch } from '../consents/search-parameters.js';
import { subset } from '../consents/subset.js';
import { consentOf, type ConsentSources, type TokenConsent } from '../consents/token-consent.js';
import type { TokenAccess } from '../gateway/plan-access.js';
import { pretty } from './error-answer.js';
import type { Handling } from './prefer.js';
import { answerRead, notFound, otherVersion, partAsked } from './read.js';

const type = 'Consent';

export interface ConsentsSearch {
  /** Id of the patient whose compartment the path names. */
  compartment: string | undefined;
  parameters: readonly (readonly [name: string, value: string])[];
  handling: Handling;
  access: Access | TokenAccess;
}

/**
 * The Consents of an environment. A token reads one: the grant that it was issued for. It learns nothing
 * about other apps of the member, nor about other grants.
 */
export class Consents {
  constructor(private readonly sources: ConsentSources) {}

  /** @throws Refusal 404 for every other Consent, whether it exists or not */
  read(
    { id, version = '', access }: { id: string; version?: string; access: Access | TokenAccess },
    headers: IncomingHttpHeaders,
    query: URLSearchParams,
  ): Answer {
    const part = partAsked(type, query);
    const consent = this.of(access);
    if (id !== consent.resource.id) throw notFound(type, id, access);
    if (version !== '' && version !== consent.versionId) throw otherVersion(type, id, consent.versionId);
    const { resource } = consent;
    const shown = part ? subset(resource, part.summary, part.elements) : resource;
    return answerRead(consent, headers, () => JSON.stringify(shown));
  }

  /** @throws FhirError 400 */
  search({ compartment, parameters, handling, access }: ConsentsSearch): Answer {
    const search = parseConsentSearch(parameters, handling);
    const consent = this.of(access);
    const { fhirBaseUrl: baseUrl } = this.sources.addresses;
    // Each filter is read, so that a wrong value is refused beside a filter that does not fit.
    const isFound = !search.filters
      .map((filter) => isMatch({ ...consent, baseUrl }, ...filter))
      .includes(false);
    const path = compartment === undefined ? type : `Patient/${compartment}/${type}`;
    const found = isFound ? [consent] : [];
    const { bundle, resources } = searchsetOf(search, found, { baseUrl, path });
    const asked = parameters.findLast(([name]) => name === '_pretty')?.[1] ?? null;
    return pretty(
      {
        status: 200,
        headers: { 'content-type': fhirJson, 'cache-control': neverStored },
        body: JSON.stringify(bundle),
        resources,
      },
      asked,
    );
  }

  private of(access: Access | TokenAccess): TokenConsent {
    if (!('claims' in access)) throw new Error('a Consent is read with the token of a member');
    return consentOf(this.sources, access.plan, access.claims);
  }
}

/** The answer as a searchset Bundle (FHIR R4 §3.1.1.1). */
function searchsetOf(
  { count, summary, elements, total, used, ignored }: ConsentSearch,
  found: readonly TokenConsent[],
  { baseUrl, path }: { baseUrl: string; path: string },
) {
  const wantsResources = count > 0 && summary !== 'count';
  const matches = wantsResources ? found.map(({ resource }) => subset(resource, summary, elements)) : [];
  const query = new URLSearchParams(used).toString();
  const entry = [
    ...matches.map((resource) => ({
      fullUrl: `${baseUrl}/${type}/${(resource as Consent & { id: string }).id}`,
      resource,
      search: { mode: 'match' },
    })),
    ...(ignored.length > 0 ? [outcomeEntry(ignored)] : []),
  ];
  const bundle = {
    resourceType: 'Bundle',
    type: 'searchset',
    ...(total === 'none' && wantsResources ? {} : { total: found.length }),
    link: [{ relation: 'self', url: `${baseUrl}/${path}${query ? `?${query}` : ''}` }],
    ...(entry.length > 0 ? { entry } : {}),
  };
  return { bundle, resources: matches.length };
}

/** The parameters that were ignored, for the app's developer. */
function outcomeEntry(ignored: readonly string[]) {
  const issue = ignored.map((text) => ({
    severity: 'warning',
    code: 'not-supported',
    details: { text: `Ignored: ${text}` },
    diagnostics: `Ignored: ${text}`,
  }));
  return {
    fullUrl: `urn:uuid:${randomUUID()}`,
    resource: { resourceType: 'OperationOutcome', issue },
    search: { mode: 'outcome' },
  };
}

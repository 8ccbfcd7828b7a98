import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { servedGuides, smartConfiguration, type EnvironmentAddresses } from '@payer/smart';
import type { Repository } from '@payer/fhir-store';
import { type Answer, fhirJson } from '../answer.js';
import { directoryTypes } from '../gateway/open-directory.js';
import type { Offered } from '../offered.js';
import type { Brand } from '../brands/brand.js';
import { capabilityStatement } from './capability-statement.js';
import { brandIdentifier, brandsPath, userAccessBrands } from '../brands/user-access-brands.js';
import { versionHeaders, type VersionHeaders } from './guide-versions.js';

/** The public documents of an environment, built once at start. */
export interface PublicDocuments {
  capabilities: Answer;
  smartConfiguration: Answer;
  /** The Bundle of brands (SMART App Launch 2.2, User-access Brands). */
  brands: Answer;
  /** Headers of answers about versions of guides that end soon. */
  versionHeaders: VersionHeaders;
}

export interface About {
  planName: string;
  brand: Brand;
  /** URL of the developer portal. */
  portalUrl: string;
  /** When this server began to publish its documents. */
  date: Date;
  offered: Offered;
}

/** Seconds for which an app may cache a document. */
const maxAge = 300;

export function publicDocuments(
  addresses: EnvironmentAddresses,
  engine: Pick<Repository, 'capabilities'>,
  about: About,
): PublicDocuments {
  const answer = (contentType: string, document: object): Answer => {
    // Replicas start at different times, and their documents are the same otherwise.
    const content = JSON.stringify({ ...document, timestamp: undefined, date: undefined });
    const etag = `W/"${createHash('sha256').update(content).digest('base64url').slice(0, 22)}"`;
    return {
      status: 200,
      headers: { 'content-type': contentType, etag, 'cache-control': `public, max-age=${maxAge}` },
      body: JSON.stringify(document),
    };
  };
  const source = { addresses, ...about };
  const capabilities = engine.capabilities();
  const software = { name: 'payer-smart-on-fhir', version: softwareVersion() };
  return {
    capabilities: answer(
      fhirJson,
      capabilityStatement(addresses, capabilities, {
        software,
        publisher: about.planName,
        ...about,
      }),
    ),
    smartConfiguration: answer('application/json; charset=utf-8', {
      ...smartConfiguration(addresses),
      user_access_brand_bundle: `${addresses.fhirBaseUrl}${brandsPath}`,
      user_access_brand_identifier: brandIdentifier(source),
      ...directoryMembers(addresses, about.offered),
    }),
    brands: answer(fhirJson, userAccessBrands(source)),
    versionHeaders: versionHeaders(
      servedGuides,
      capabilities,
      new URL('/docs/guides', addresses.registrationUrl).href,
    ),
  };
}

/** Members of the SMART configuration about the directory, which SMART does not define. */
const directoryMembers = (
  { fhirBaseUrl }: EnvironmentAddresses,
  { openDirectory, publishedFiles }: Offered,
) => ({
  ...(openDirectory ? { public_resource_types: [...directoryTypes] } : {}),
  ...(publishedFiles ? { bulk_publish_endpoint: `${fhirBaseUrl}/$bulk-publish` } : {}),
});

function softwareVersion(): string {
  const manifest = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(manifest) as { version: string }).version;
}

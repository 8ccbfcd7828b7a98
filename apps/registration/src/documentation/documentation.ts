import { Inject, Injectable } from '@nestjs/common';
import { addressesFrom, type Quota } from '@payer/service';
import { CONFIG } from '@payer/service';
import { ApiReference } from '../api-reference/openapi.js';
import type { Config } from '../config.js';
import type { DocumentContext } from './documents/context.js';
import type { Document } from './documents/document.js';
import { standardDocument, standardDocuments } from './documents/conformance.js';
import { errorCodes, errorDocument } from './documents/errors.js';
import { fhirTypeDocument } from './documents/fhir.js';
import { documents } from './documents/index.js';
import { portalApiDocument } from './documents/portal-api.js';
import { FhirReferences, type FhirReference } from './documents/fhir-reference.js';
import { DocumentSearch, type SearchResult } from './search-documents.js';

/** The documents of this deployment: the menu, and one per error code, standard and resource type. */
@Injectable()
export class Documentation {
  private search: { of: FhirReference | undefined; index: DocumentSearch } | undefined;

  constructor(
    private readonly references: FhirReferences,
    private readonly reference: ApiReference,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  async context(): Promise<DocumentContext> {
    return {
      planName: this.config.PLAN_NAME,
      addresses: addressesFrom(this.config),
      portalUrl: this.config.REGISTRATION_URL,
      contact: this.config.CONTACT_EMAIL,
      fhir: await this.references.get(),
      portalApi: await this.reference.groups(),
      limits: limitsOf(this.config),
    };
  }

  /** @returns undefined when the document does not exist, or when its source does not answer */
  find(slug: string, { fhir, portalApi }: DocumentContext): Document | undefined {
    const [parent, name = ''] = slug.split('/');
    if (name === '') return documents.find((document) => document.slug === slug);
    if (parent === 'errors') return errorDocument(name);
    if (parent === 'conformance') return standardDocument(name);
    if (parent === 'api') return portalApi.map(portalApiDocument).find((document) => document.slug === slug);
    const type = parent === 'fhir' ? fhir?.types.find((one) => one.type === name) : undefined;
    return type && fhirTypeDocument(type);
  }

  /** All documents that exist now. */
  all({ fhir, portalApi }: DocumentContext): Document[] {
    return [
      ...documents,
      ...errorCodes.flatMap((code) => errorDocument(code) ?? []),
      ...standardDocuments(),
      ...portalApi.map(portalApiDocument),
      ...(fhir?.types ?? []).map(fhirTypeDocument),
    ];
  }

  async findPages(query: string): Promise<SearchResult[]> {
    const context = await this.context();
    if (!this.search || this.search.of !== context.fhir)
      this.search = { of: context.fhir, index: new DocumentSearch(this.all(context), context) };
    return this.search.index.find(query);
  }
}

const units: readonly (readonly [seconds: number, name: string])[] = [
  [86_400, 'day'],
  [3600, 'hour'],
  [60, 'minute'],
];

/** Quotas in words: "30 a minute, 300 an hour". */
export function quotasInWords(quotas: readonly Quota[]): string {
  return quotas
    .map(({ requests, window }) => {
      const unit = units.find(([seconds]) => seconds === window)?.[1];
      const per = unit ? `${unit === 'hour' ? 'an' : 'a'} ${unit}` : `in ${window} seconds`;
      return `${requests.toLocaleString('en-US')} ${per}`;
    })
    .join(', ');
}

function limitsOf(config: Config): DocumentContext['limits'] {
  return [
    { what: 'Developer accounts from one address', limit: quotasInWords(config.SIGN_UP_LIMIT_PER_ADDRESS) },
    { what: 'New apps from one address', limit: quotasInWords(config.APP_LIMIT_PER_ADDRESS) },
    { what: 'New apps of one developer', limit: quotasInWords(config.APP_LIMIT_PER_DEVELOPER) },
    {
      what: 'Requests to dynamic registration from one address',
      limit: quotasInWords(config.REGISTRATION_LIMIT_PER_ADDRESS),
    },
    { what: 'Apps of one organization', limit: config.APPS_PER_DEVELOPER_MAX.toLocaleString('en-US') },
  ];
}

import { Inject, Injectable, Logger } from '@nestjs/common';
import { CONFIG, addressesFrom } from '@payer/service';
import type { Config } from '../../config.js';
import { PlatformHttp } from '../../http/platform-http.js';

export interface FhirParameter {
  name: string;
  type: string;
  documentation?: string;
}

export interface FhirType {
  type: string;
  documentation?: string;
  profiles: readonly string[];
  parameters: readonly FhirParameter[];
  includes: readonly string[];
  revIncludes: readonly string[];
  operations: readonly { name: string; documentation?: string }[];
}

/** The part of the sandbox's CapabilityStatement that the documentation shows. */
export interface FhirReference {
  fhirVersion: string;
  /** Canonical URLs with versions. */
  guides: readonly string[];
  types: readonly FhirType[];
  /** Parameters of every search. */
  parameters: readonly FhirParameter[];
}

interface CapabilityStatement {
  fhirVersion?: string;
  implementationGuide?: string[];
  rest?: {
    searchParam?: FhirParameter[];
    resource?: {
      type: string;
      documentation?: string;
      supportedProfile?: string[];
      searchParam?: FhirParameter[];
      searchInclude?: string[];
      searchRevInclude?: string[];
      operation?: { name: string; documentation?: string }[];
    }[];
  }[];
}

/** Milliseconds for which a reference is shown without another request to the FHIR API. */
const freshFor = 60_000;

/**
 * Reads the FHIR reference from this deployment's CapabilityStatement, so that the documentation matches the
 * FHIR API. While the API is unavailable, the last reference is shown (decision 35).
 */
@Injectable()
export class FhirReferences {
  private readonly logger = new Logger('documentation');
  private latest: FhirReference | undefined;
  private askedAt = 0;
  private asking: Promise<void> | undefined;

  constructor(
    private readonly http: PlatformHttp,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  async get(now = Date.now()): Promise<FhirReference | undefined> {
    if (now - this.askedAt > freshFor || !this.latest) {
      this.asking ??= this.ask(now).finally(() => (this.asking = undefined));
      // A visitor waits only if there is no earlier reference to show.
      if (!this.latest) await this.asking;
    }
    return this.latest;
  }

  private async ask(now: number): Promise<void> {
    try {
      const { fhirBaseUrl } = addressesFrom(this.config).sandbox;
      const { status, body } = await this.http.send({ method: 'GET', url: `${fhirBaseUrl}/metadata` });
      if (status !== 200) throw new Error(`status ${status}`);
      this.latest = referenceOf(JSON.parse(body) as CapabilityStatement);
      this.askedAt = now;
    } catch (error) {
      this.logger.warn(`the FHIR API's CapabilityStatement is not available: ${(error as Error).message}`);
    }
  }
}

function referenceOf(statement: CapabilityStatement): FhirReference {
  const [rest] = statement.rest ?? [];
  return {
    fhirVersion: statement.fhirVersion ?? '',
    guides: statement.implementationGuide ?? [],
    parameters: rest?.searchParam ?? [],
    types: (rest?.resource ?? []).map((resource) => ({
      type: resource.type,
      documentation: resource.documentation,
      profiles: resource.supportedProfile ?? [],
      parameters: resource.searchParam ?? [],
      includes: resource.searchInclude ?? [],
      revIncludes: resource.searchRevInclude ?? [],
      operations: resource.operation ?? [],
    })),
  };
}

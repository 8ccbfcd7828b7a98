import { Inject, Injectable, Logger } from '@nestjs/common';
import { addressesFrom } from '@payer/service';
import { CONFIG } from '@payer/service';
import type { Config } from '../config.js';

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

/** What the sandbox's CapabilityStatement says, as far as the documentation shows it. */
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

/** Milliseconds that a reference is shown before the FHIR API is asked again, and that an answer is waited for. */
const freshFor = 60_000;
const patience = 3000;

/**
 * Reads the FHIR reference from the CapabilityStatement of this deployment, so that the documentation says what the FHIR
 * API does. While the API does not answer, the last reference is shown (decision 35).
 */
@Injectable()
export class FhirReferences {
  private readonly logger = new Logger('documentation');
  private latest: FhirReference | undefined;
  private askedAt = 0;
  private asking: Promise<void> | undefined;

  constructor(@Inject(CONFIG) private readonly config: Config) {}

  async get(now = Date.now()): Promise<FhirReference | undefined> {
    if (now - this.askedAt > freshFor || !this.latest) {
      this.asking ??= this.ask(now).finally(() => (this.asking = undefined));
      // A visitor waits only when there is nothing to show.
      if (!this.latest) await this.asking;
    }
    return this.latest;
  }

  private async ask(now: number): Promise<void> {
    try {
      const response = await fetch(`${this.sandboxBase()}/metadata`, {
        signal: AbortSignal.timeout(patience),
      });
      if (!response.ok) throw new Error(`status ${response.status}`);
      this.latest = referenceOf((await response.json()) as CapabilityStatement);
      this.askedAt = now;
    } catch (error) {
      this.logger.warn(`the FHIR API's CapabilityStatement is not available: ${(error as Error).message}`);
    }
  }

  /** The sandbox's base on the internal origin where one is configured: from here the public one may not be reachable. */
  private sandboxBase(): string {
    const base = addressesFrom(this.config).sandbox.fhirBaseUrl;
    const internal = this.config.FHIR_API_INTERNAL_URL?.replace('{environment}', 'sandbox');
    return internal ? `${new URL(internal).origin}${new URL(base).pathname}` : base;
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

import { Inject, Injectable, Logger } from '@nestjs/common';
import { CONFIG, addressesFrom } from '@payer/service';
import { environments, type Environment, type EnvironmentAddresses } from '@payer/smart';
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

/** How an environment publishes its provider directory, as its SMART configuration says. */
export interface PublishedDirectory {
  environment: Environment;
  fhirBaseUrl: string;
  /** Resource types that everybody reads without a token; empty where every type needs one. */
  publicTypes: readonly string[];
  /** URL of `$bulk-publish`; undefined where the directory is not published as files. */
  bulkPublish: string | undefined;
}

/** The part of the sandbox's CapabilityStatement that the documentation shows. */
export interface FhirReference {
  fhirVersion: string;
  /** Canonical URLs with versions. */
  guides: readonly string[];
  types: readonly FhirType[];
  /** Parameters of every search. */
  parameters: readonly FhirParameter[];
  /** Of the environments that answer. */
  directories: readonly PublishedDirectory[];
}

interface SmartConfiguration {
  public_resource_types?: string[];
  bulk_publish_endpoint?: string;
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
      const addresses = addressesFrom(this.config);
      const statement = await this.read<CapabilityStatement>(`${addresses.sandbox.fhirBaseUrl}/metadata`);
      const directories = await Promise.all(environments.map((name) => this.directoryOf(addresses[name])));
      this.latest = { ...referenceOf(statement), directories: directories.flatMap((one) => one ?? []) };
      this.askedAt = now;
    } catch (error) {
      this.logger.warn(`the FHIR API's CapabilityStatement is not available: ${(error as Error).message}`);
    }
  }

  /** Undefined while the environment does not answer. */
  private async directoryOf({
    environment,
    fhirBaseUrl,
  }: EnvironmentAddresses): Promise<PublishedDirectory | undefined> {
    try {
      const url = `${fhirBaseUrl}/.well-known/smart-configuration`;
      const { public_resource_types: publicTypes = [], bulk_publish_endpoint: bulkPublish } =
        await this.read<SmartConfiguration>(url);
      return { environment, fhirBaseUrl, publicTypes, bulkPublish };
    } catch (error) {
      this.logger.warn(
        `${environment} does not say how it publishes its directory: ${(error as Error).message}`,
      );
      return undefined;
    }
  }

  private async read<Document>(url: string): Promise<Document> {
    const { status, body } = await this.http.send({ method: 'GET', url });
    if (status !== 200) throw new Error(`status ${status}`);
    return JSON.parse(body) as Document;
  }
}

function referenceOf(statement: CapabilityStatement): Omit<FhirReference, 'directories'> {
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

import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, Problem, ServiceIdentity } from '@payer/service';
import { auditEntry, type AuditEntry, type Environment } from '@payer/smart';
import { z } from 'zod';
import type { Config } from '../config.js';
import { fhirApiAddress } from './fhir-api-address.js';
import { askService } from './internal-call.js';

const entries = z.object({ entries: z.array(auditEntry.extend({ id: z.string() })) });

const counts = { requests: z.int(), refused: z.int(), resources: z.int() };
const readers = z.object({
  readers: z.array(
    z.object({
      client_id: z.string(),
      resource_type: z.string(),
      ...counts,
      first_at: z.iso.datetime(),
      last_at: z.iso.datetime(),
    }),
  ),
});
export type Reader = z.infer<typeof readers>['readers'][number];

const days = z.object({
  days: z.array(
    z.object({
      client_id: z.string(),
      day: z.iso.date(),
      interaction: z.string(),
      resource_type: z.string(),
      ...counts,
    }),
  ),
});
export type AccessDay = z.infer<typeof days>['days'][number];

/** A parameter of a query to fhir-api. A list becomes a repeated parameter. */
type Parameters = Record<string, string | number | readonly string[] | undefined>;

/**
 * Asks fhir-api for data accesses. fhir-api owns these facts, and their number is too large for events. Only
 * a query of the platform team causes a call, never a request of an app
 * (docs/decisions/0025-questions-about-access.md).
 *
 * Each method @throws Problem 503 when fhir-api does not answer
 */
@Injectable()
export class DataAccess {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly identity: ServiceIdentity,
  ) {}

  /** A page of the records, as audit entries. */
  async entries(environment: Environment, parameters: Parameters): Promise<AuditEntry[]> {
    return entries.parse(await this.ask(environment, '', parameters)).entries;
  }

  /** Requests for the data of patients, by app and resource type. */
  async readers(environment: Environment, parameters: Parameters): Promise<Reader[]> {
    return readers.parse(await this.ask(environment, '/readers', parameters)).readers;
  }

  /** Requests of apps, by day, interaction and resource type. */
  async days(environment: Environment, parameters: Parameters): Promise<AccessDay[]> {
    return days.parse(await this.ask(environment, '/days', parameters)).days;
  }

  private async ask(environment: Environment, path: string, parameters: Parameters): Promise<unknown> {
    const query = new URLSearchParams(
      Object.entries(parameters).flatMap(([name, value]) =>
        value === undefined ? [] : [value].flat().map((one) => [name, String(one)]),
      ),
    );
    const url = `${fhirApiAddress(this.config, environment)}/internal/${environment}/access${path}`;
    const body = await askService('fhir-api', url, query, this.identity);
    if (body === undefined)
      throw new Problem(503, 'data_access_unavailable', 'fhir-api does not answer now; try again soon.');
    return body;
  }
}

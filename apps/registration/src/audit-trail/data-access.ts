import { Inject, Injectable, Logger } from '@nestjs/common';
import { currentTraceparent } from '@payer/events';
import { Problem } from '@payer/service';
import { auditEntry, type AuditEntry } from '@payer/smart';
import { z } from 'zod';
import { CONFIG, type RegistrationConfig } from '../config.js';
import type { AuditQuery } from './audit-query.js';

const timeout = 10_000;
const answer = z.object({ entries: z.array(auditEntry.extend({ id: z.string() })) });

/**
 * Who read what is fhir-api's fact, and there is too much of it to tell it by events: fhir-api is asked, only ever by the
 * platform team's own question and never while an app waits (docs/decisions).
 */
@Injectable()
export class DataAccess {
  private readonly logger = new Logger('audit');

  constructor(@Inject(CONFIG) private readonly config: RegistrationConfig) {}

  /** @throws Problem 400 without an environment, 503 when fhir-api gives no answer */
  async find({ environment, cursor, type: _type, ...query }: AuditQuery): Promise<AuditEntry[]> {
    if (!environment)
      throw new Problem(
        400,
        'environment_required',
        'Data access is kept apart by environment: add environment=sandbox or environment=production.',
      );
    const parameters = new URLSearchParams(
      Object.entries({ ...query, after_at: cursor?.at, after_id: cursor?.id }).flatMap(([name, value]) =>
        value === undefined ? [] : [[name, String(value)]],
      ),
    );
    const traceparent = currentTraceparent();
    try {
      const response = await fetch(`${this.address}/internal/${environment}/access?${parameters}`, {
        headers: {
          authorization: `Bearer ${this.config.INTERNAL_TOKEN}`,
          ...(traceparent ? { traceparent } : {}),
        },
        signal: AbortSignal.timeout(timeout),
      });
      if (!response.ok) throw new Error(`fhir-api answered ${response.status}`);
      return answer.parse(await response.json()).entries;
    } catch (error) {
      this.logger.warn({
        msg: 'fhir-api did not answer about data access',
        reason: (error as Error).message,
      });
      throw new Problem(503, 'data_access_unavailable', 'fhir-api does not answer now; try again soon.');
    }
  }

  private get address(): string {
    const { FHIR_API_INTERNAL_URL, SANDBOX_FHIR_BASE_URL } = this.config;
    return FHIR_API_INTERNAL_URL?.replace(/\/$/, '') ?? new URL(SANDBOX_FHIR_BASE_URL).origin;
  }
}

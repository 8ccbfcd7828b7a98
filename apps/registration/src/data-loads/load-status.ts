import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, Problem, ServiceIdentity } from '@payer/service';
import { loadStatus, type LoadStatus } from '@payer/smart';
import { z } from 'zod';
import { environment } from '../audit-trail/audit-query.js';
import { fhirApiAddress } from '../audit-trail/fhir-api-address.js';
import { askService } from '../audit-trail/internal-call.js';
import type { Config } from '../config.js';

/** Query of `GET /api/loads`. */
export const loadsQuery = z.object({ environment });

/**
 * Asks fhir-api how new its data is, and which loads have run. fhir-api owns these facts. Only a query of the
 * platform team causes a call, never a request of an app (docs/decisions/0064-how-new-the-data-is.md).
 */
@Injectable()
export class LoadStatuses {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly identity: ServiceIdentity,
  ) {}

  /** @throws Problem 503 when fhir-api does not answer */
  async of(environment: LoadStatus['environment']): Promise<LoadStatus> {
    const url = `${fhirApiAddress(this.config, environment)}/internal/${environment}/loads`;
    const body = await askService('fhir-api', url, new URLSearchParams(), this.identity);
    if (body === undefined)
      throw new Problem(503, 'data_access_unavailable', 'fhir-api does not answer now; try again soon.');
    return loadStatus.parse(body);
  }
}

import { Controller, Get, Headers, Param, UseFilters } from '@nestjs/common';
import { Problem, ProblemFilter, type ServiceIdentity } from '@payer/service';
import { environmentPath, internalRoutes, type Environment, type LoadStatus } from '@payer/smart';
import type { Pool } from 'pg';
import { loadStatusOf } from './load-status.js';

/** Dependencies of the controller. */
export class Loads {
  constructor(
    readonly pools: Record<Environment, Pool>,
    readonly identity: ServiceIdentity,
    /** Time zone of the plan's business days. */
    readonly timeZone: string,
  ) {}
}

/** Answers registration how new the data is, and which loads have run, for the platform team's desk. */
@Controller(`internal/${environmentPath}/loads`)
@UseFilters(ProblemFilter)
export class LoadsController {
  constructor(private readonly loads: Loads) {}

  @Get()
  async status(
    @Param('environment') environment: Environment,
    @Headers('authorization') authorization: string | undefined,
  ): Promise<LoadStatus> {
    const { identity, pools, timeZone } = this.loads;
    await identity.refuseStrangers(authorization, internalRoutes['fhir-api'].loads);
    const pool = pools[environment] as Pool | undefined;
    if (!pool) throw new Problem(404, 'not_served', `This process does not serve ${environment}.`);
    return loadStatusOf(pool, environment, timeZone);
  }
}

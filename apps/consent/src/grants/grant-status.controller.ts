import { Controller, Get, Headers, Inject, Param, UseFilters } from '@nestjs/common';
import { Problem, ProblemFilter, refuseStrangers } from '@payer/service';
import type { Environment } from '@payer/smart';
import type { Config } from '../config.js';
import { Grants } from './grants.js';

/** For fhir-api, when events reach it too late: is this grant alive? Says nothing about the member. */
@Controller(':environment(sandbox|production)/internal/grants/:grant_id')
@UseFilters(ProblemFilter)
export class GrantStatusController {
  constructor(
    @Inject('config') private readonly config: Config,
    private readonly grants: Grants,
  ) {}

  @Get()
  async show(
    @Param('environment') environment: Environment,
    @Param('grant_id') grantId: string,
    @Headers('authorization') authorization: string | undefined,
  ) {
    refuseStrangers(authorization, this.config.INTERNAL_TOKEN);
    const grant = await this.grants.find(grantId);
    if (!grant || grant.environment !== environment)
      throw new Problem(404, 'not_found', 'There is no such grant.');
    const { grant_id, status, version, client_id, expires_at } = grant;
    return { grant_id, status, version, client_id, expires_at };
  }
}

import { Body, Controller, Get, Headers, HttpCode, Param, Post, UseFilters } from '@nestjs/common';
import { parseBody, Problem, ProblemFilter, ServiceIdentity } from '@payer/service';
import { environmentPath, internalRoutes, type Environment } from '@payer/smart';
import { z } from 'zod';
import { Grants, stateOf } from './grants.js';

const liveBody = z.object({ grant_ids: z.array(z.string()).max(1000) });

/**
 * Answers fhir-api, and auth-server after a restore, which grants are live. Says nothing about the member.
 */
@Controller(`${environmentPath}/internal/grants`)
@UseFilters(ProblemFilter)
export class GrantStatusController {
  constructor(
    private readonly identity: ServiceIdentity,
    private readonly grants: Grants,
  ) {}

  /** Returns the given grants that are live. */
  @Post('live')
  @HttpCode(200)
  async live(
    @Param('environment') environment: Environment,
    @Body() body: unknown,
    @Headers('authorization') authorization: string | undefined,
  ) {
    await this.identity.refuseStrangers(authorization, internalRoutes.consent['live grants']);
    return { live: await this.grants.liveOf(environment, parseBody(liveBody, body).grant_ids) };
  }

  @Get(':grant_id')
  async show(
    @Param('environment') environment: Environment,
    @Param('grant_id') grantId: string,
    @Headers('authorization') authorization: string | undefined,
  ) {
    await this.identity.refuseStrangers(authorization, internalRoutes.consent['status of a grant']);
    const grant = await this.grants.find(grantId);
    if (!grant || grant.environment !== environment)
      throw new Problem(404, 'not_found', 'There is no such grant.');
    const { grant_id, status, version, client_id } = stateOf(grant);
    return { grant_id, status, version, client_id, expires_at: grant.expires_at };
  }
}

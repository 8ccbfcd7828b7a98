import { Controller, Get, Headers, Inject, Param, Query, UseFilters } from '@nestjs/common';
import { parseQuery, ProblemFilter, refuseStrangers } from '@payer/service';
import type { Environment } from '@payer/smart';
import { z } from 'zod';
import type { Config } from '../config.js';
import { Members, type MemberIds } from './members.js';

/** Which member is meant: by one of the names that a member has. */
const memberQuery = z.object({ identifier: z.string().min(1, 'must not be empty').max(200) });

/**
 * For registration, where the platform team asks about a member: the ids of who has this member number, `sub` or patient
 * id. No name of a person leaves the directory.
 */
@Controller('internal/:environment(sandbox|production)/members')
@UseFilters(ProblemFilter)
export class MemberSearchController {
  constructor(
    private readonly members: Members,
    @Inject('config') private readonly config: Config,
  ) {}

  @Get()
  async find(
    @Param('environment') environment: Environment,
    @Query() query: unknown,
    @Headers('authorization') authorization: string | undefined,
  ): Promise<{ members: MemberIds[] }> {
    refuseStrangers(authorization, this.config.INTERNAL_TOKEN);
    const { identifier } = parseQuery(memberQuery, query);
    return { members: await this.members.identifiedBy(environment, identifier) };
  }
}

import { Controller, Get, Headers, Param, Query, UseFilters } from '@nestjs/common';
import { parseQuery, ProblemFilter, ServiceIdentity } from '@payer/service';
import { environmentPath, internalRoutes, type Environment } from '@payer/smart';
import { z } from 'zod';
import { Members, type MemberIds } from './members.js';

/** Identifies a member by any of the member's ids. */
const memberQuery = z.object({ identifier: z.string().min(1, 'must not be empty').max(200) });

/**
 * Finds a member for the platform team's queries in registration: the ids of the members with this member
 * number, `sub` or patient id. No person's name leaves the directory.
 */
@Controller(`internal/${environmentPath}/members`)
@UseFilters(ProblemFilter)
export class MemberSearchController {
  constructor(
    private readonly members: Members,
    private readonly identity: ServiceIdentity,
  ) {}

  @Get()
  async find(
    @Param('environment') environment: Environment,
    @Query() query: unknown,
    @Headers('authorization') authorization: string | undefined,
  ): Promise<{ members: MemberIds[] }> {
    await this.identity.refuseStrangers(authorization, internalRoutes['auth-server']['ids of a member']);
    const { identifier } = parseQuery(memberQuery, query);
    return { members: await this.members.identifiedBy(environment, identifier) };
  }
}

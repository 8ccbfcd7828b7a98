import { Controller, Get, Query, UseGuards } from '@nestjs/common';
import { parseQuery } from '@payer/service';
import { CurrentActor, type Actor } from '../sessions/actor.js';
import { BearerGuard } from '../sessions/bearer.guard.js';
import { hasDuty } from '../sessions/duties.js';
import { ApiCall, ApiQuery, ApiTags } from '../http/api-docs.js';
import { PlatformTeamGuard } from '../sessions/platform-team.guard.js';
import { searchQuery, searchResults, SearchService } from './search.service.js';

@ApiTags('platform team')
@Controller('api/search')
@UseGuards(BearerGuard, PlatformTeamGuard)
export class SearchController {
  constructor(private readonly search: SearchService) {}

  @Get()
  @ApiQuery({ name: 'q', required: false, description: 'Part of a name or address; a whole id for grants' })
  @ApiCall({
    summary: 'Platform team: find developers, apps and grants, at most 50 of each',
    answer: searchResults,
    errors: [400, 403],
  })
  find(@CurrentActor() actor: Actor, @Query() query: unknown) {
    return this.search.find(parseQuery(searchQuery, query).q, hasDuty(actor, 'see-grants'));
  }
}

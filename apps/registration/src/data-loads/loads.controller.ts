import { Controller, Get, Query, UseGuards } from '@nestjs/common';
import { parseQuery } from '@payer/service';
import { environments, loadStatus } from '@payer/smart';
import { ApiCall, ApiQuery, ApiTags } from '../http/api-docs.js';
import { BearerGuard } from '../sessions/bearer.guard.js';
import { PlatformTeamGuard } from '../sessions/platform-team.guard.js';
import { loadsQuery, LoadStatuses } from './load-status.js';

@ApiTags('platform team')
@Controller('api/loads')
@UseGuards(BearerGuard, PlatformTeamGuard)
export class LoadsController {
  constructor(private readonly statuses: LoadStatuses) {}

  @Get()
  @ApiQuery({ name: 'environment', required: true, enum: environments })
  @ApiCall({
    summary: 'Platform team: how new the data of an environment is, and the latest loads',
    answer: loadStatus,
    errors: [400, 403],
  })
  status(@Query() query: unknown) {
    return this.statuses.of(parseQuery(loadsQuery, query).environment);
  }
}

import { Controller, Get, Param, Query, UseGuards } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { noFilters, parseQuery } from '@payer/service';
import { AppsService } from '../apps/apps.service.js';
import { CurrentActor, type Actor } from '../developers/actor.js';
import { BearerGuard } from '../developers/bearer.guard.js';
import { ApiCall } from '../http/api-docs.js';
import { ActivityService, activityView } from './activity.service.js';

@ApiTags('apps')
@Controller('api/apps/:client_id/activity')
@UseGuards(BearerGuard)
export class ActivityController {
  constructor(
    private readonly apps: AppsService,
    private readonly activity: ActivityService,
  ) {}

  @Get()
  @ApiCall({
    summary: 'Traffic of the last 30 days and the last 50 failed authorization attempts',
    answer: activityView,
    errors: [400, 404],
  })
  async show(@CurrentActor() actor: Actor, @Param('client_id') clientId: string, @Query() query: unknown) {
    parseQuery(noFilters, query);
    await this.apps.view(actor, clientId);
    return this.activity.of(clientId);
  }
}

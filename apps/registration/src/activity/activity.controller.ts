import { Controller, Get, Param, Query, Res, UseGuards } from '@nestjs/common';
import { parseQuery } from '@payer/service';
import { environments, requestKinds } from '@payer/smart';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { AppsService } from '../apps/apps.service.js';
import { CurrentActor, type Actor } from '../sessions/actor.js';
import { BearerGuard } from '../sessions/bearer.guard.js';
import { ApiCall, ApiQuery, ApiTags } from '../http/api-docs.js';
import { ActivityService, activityView } from './activity.service.js';
import { AppRequests, requestView } from './app-requests.js';
import { sendCsv } from './request-csv.js';
import { requestFilter } from './request-filter.js';
import { CreationLimits } from '../rate-limits/creation-limits.js';

const view = activityView.extend({
  requests: z.array(requestView),
  /** Kept requests that match the filter. */
  counts: z.object({ failed: z.int(), served: z.int() }),
  /** Value of `before` for the next page. Null on the last page. */
  next: z.string().nullable(),
  /** Value of `after` for the requests that arrive later. */
  latest: z.string(),
});

@ApiTags('apps')
@Controller('api/apps/:client_id/activity')
@UseGuards(BearerGuard)
export class ActivityController {
  constructor(
    private readonly apps: AppsService,
    private readonly activity: ActivityService,
    private readonly requests: AppRequests,
    private readonly limits: CreationLimits,
  ) {}

  @Get()
  @ApiQuery({ name: 'environment', required: false, enum: environments })
  @ApiQuery({ name: 'kind', required: false, enum: requestKinds })
  @ApiQuery({ name: 'outcome', required: false, enum: ['failed', 'served'] })
  @ApiQuery({ name: 'since', required: false })
  @ApiQuery({ name: 'until', required: false })
  @ApiQuery({ name: 'before', required: false })
  @ApiQuery({ name: 'after', required: false })
  @ApiQuery({ name: 'limit', required: false })
  @ApiCall({
    summary:
      'Requests of the app with cause and fix of each failure, newest first, traffic of the last 30 days and latency. With after: the requests that arrived since, in their order',
    answer: view,
    errors: [400, 404, 429],
  })
  async show(
    @CurrentActor() actor: Actor,
    @Param('client_id') clientId: string,
    @Query() query: unknown,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const filter = parseQuery(requestFilter, query);
    await this.apps.view(actor, clientId);
    if (filter.after !== undefined) this.limits.takeLiveView(actor, reply);
    const [activity, counts, page] = await Promise.all([
      this.activity.of(clientId),
      this.requests.counts(clientId, filter),
      this.requests.of(clientId, filter),
    ]);
    return { ...activity, counts, ...page };
  }

  @Get('export')
  @ApiQuery({ name: 'environment', required: false, enum: environments })
  @ApiQuery({ name: 'kind', required: false, enum: requestKinds })
  @ApiQuery({ name: 'outcome', required: false, enum: ['failed', 'served'] })
  @ApiQuery({ name: 'since', required: false })
  @ApiQuery({ name: 'until', required: false })
  @ApiCall({ summary: 'The requests that are kept of the app, as CSV', errors: [400, 404] })
  async export(
    @CurrentActor() actor: Actor,
    @Param('client_id') clientId: string,
    @Query() query: unknown,
    @Res() reply: FastifyReply,
  ) {
    const filter = parseQuery(requestFilter, query);
    await this.apps.view(actor, clientId);
    return sendCsv(reply, await this.requests.all(clientId, filter));
  }
}

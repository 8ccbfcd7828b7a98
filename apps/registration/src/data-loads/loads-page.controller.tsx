import { Controller, Get, Inject, Query, Req, Res } from '@nestjs/common';
import { CONFIG, parseQuery, Problem } from '@payer/service';
import { environments } from '@payer/smart';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ApiExcludeController } from '../http/api-docs.js';
import type { Config } from '../config.js';
import { sendPortalPage } from '../http/portal-page.js';
import { PageSession } from '../sessions/page-session.js';
import { loadsQuery, LoadStatuses } from './load-status.js';
import { LoadsPage } from './loads-page.js';

const pageQuery = loadsQuery.partial();

/** How new the data is and what was loaded, as a page for the platform team. */
@ApiExcludeController()
@Controller('platform/data')
export class LoadsPageController {
  constructor(
    private readonly statuses: LoadStatuses,
    private readonly session: PageSession,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  @Get()
  async show(@Query() query: unknown, @Req() request: FastifyRequest, @Res() reply: FastifyReply) {
    const actor = await this.session.requirePlatformTeam(request);
    const { environment = environments.at(-1)! } = parseQuery(pageQuery, query);
    const props = { planName: this.config.PLAN_NAME, actor, environment, now: new Date() };
    try {
      const status = await this.statuses.of(environment);
      return await sendPortalPage(reply, <LoadsPage {...props} status={status} />);
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      return sendPortalPage(reply, <LoadsPage {...props} problem={error.detail} />, error.getStatus());
    }
  }
}

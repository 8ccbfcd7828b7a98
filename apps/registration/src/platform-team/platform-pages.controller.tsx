import { Body, Controller, Get, Inject, Param, Post, Query, Req, Res } from '@nestjs/common';
import { CONFIG, noFilters, parseBody, parseQuery } from '@payer/service';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ApiExcludeController } from '../http/api-docs.js';
import { AppPages } from '../app-page/app-pages.js';
import { AppsService } from '../apps/apps.service.js';
import type { Config } from '../config.js';
import { PageSession } from '../sessions/page-session.js';
import { sendPortalPage } from '../http/portal-page.js';
import { AllAppsPage } from './all-apps-page.js';
import { reinstateBody, suspendBody, SuspensionService } from './suspension.service.js';

type Fields = Record<string, string | undefined>;

/** The platform team's actions, as pages. */
@ApiExcludeController()
@Controller('platform')
export class PlatformPagesController {
  constructor(
    private readonly apps: AppsService,
    private readonly suspension: SuspensionService,
    private readonly pages: AppPages,
    private readonly session: PageSession,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  @Get('apps')
  async allApps(@Query() query: Fields, @Req() request: FastifyRequest, @Res() reply: FastifyReply) {
    const actor = await this.session.requirePlatformTeam(request);
    parseQuery(noFilters, query);
    const page = (
      <AllAppsPage planName={this.config.PLAN_NAME} actor={actor} apps={await this.apps.list(actor)} />
    );
    return sendPortalPage(reply, page);
  }

  @Post('apps/:client_id/suspend')
  async suspend(
    @Param('client_id') clientId: string,
    @Body() body: Fields | undefined,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    await this.session.requirePlatformTeam(request, 'suspend');
    return this.pages.act(request, reply, clientId, {
      tab: 'overview',
      done: 'suspended',
      work: (actor) => this.suspension.suspend(actor, clientId, parseBody(suspendBody, body).reason),
    });
  }

  @Post('apps/:client_id/reinstate')
  async reinstate(
    @Param('client_id') clientId: string,
    @Body() body: Fields | undefined,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    await this.session.requirePlatformTeam(request, 'suspend');
    return this.pages.act(request, reply, clientId, {
      tab: 'overview',
      done: 'reinstated',
      work: (actor) =>
        this.suspension.reinstate(actor, clientId, parseBody(reinstateBody, body).reason || null),
    });
  }

  /** Redirects the reload of a refused form to the app's page. */
  @Get(['apps/:client_id/suspend', 'apps/:client_id/reinstate'])
  appPage(@Param('client_id') clientId: string, @Res() reply: FastifyReply) {
    return reply.redirect(`/apps/${encodeURIComponent(clientId)}`, 303);
  }
}

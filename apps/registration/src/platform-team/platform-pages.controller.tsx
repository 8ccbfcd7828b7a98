import { Body, Controller, Get, Inject, Param, Post, Query, Req, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { noFilters, parseBody, parseQuery } from '@payer/service';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { AppDetail } from '../apps/app-detail.js';
import { AppsService } from '../apps/apps.service.js';
import { CONFIG, type RegistrationConfig } from '../config.js';
import { PageSession } from '../developers/page-session.js';
import { formErrors, sendPortalPage } from '../http/portal-page.js';
import {
  approvalBody,
  ProductionRequestsService,
  rejectionBody,
} from '../production-requests/production-requests.service.js';
import { AllAppsPage } from './platform-pages.js';
import { ProductionQueue } from './production-queue.js';
import { suspendBody, SuspensionService } from './suspension.service.js';

type Fields = Record<string, string | undefined>;

/** What the platform team does, as pages. */
@ApiExcludeController()
@Controller('platform')
export class PlatformPagesController {
  constructor(
    private readonly apps: AppsService,
    private readonly requests: ProductionRequestsService,
    private readonly suspension: SuspensionService,
    private readonly queue: ProductionQueue,
    private readonly detail: AppDetail,
    private readonly session: PageSession,
    @Inject(CONFIG) private readonly config: RegistrationConfig,
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

  @Post('requests/:id')
  async decide(
    @Param('id') id: string,
    @Body() body: Fields | undefined,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    const actor = await this.session.requirePlatformTeam(request);
    try {
      if (body?.decision === 'approve')
        await this.requests.approve(actor, id, parseBody(approvalBody, body).note || null);
      else await this.requests.reject(actor, id, parseBody(rejectionBody, body).note);
    } catch (error) {
      return this.queue.show(actor, reply, { errors: formErrors(error), id, note: body?.note });
    }
    return reply.redirect('/', 303);
  }

  @Post('apps/:client_id/suspend')
  async suspend(
    @Param('client_id') clientId: string,
    @Body() body: Fields | undefined,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    const actor = await this.session.requirePlatformTeam(request);
    try {
      await this.suspension.suspend(actor, clientId, parseBody(suspendBody, body).reason);
    } catch (error) {
      return this.detail.show(actor, clientId, reply, { errors: formErrors(error) });
    }
    return reply.redirect(`/apps/${clientId}`, 303);
  }

  @Post('apps/:client_id/reinstate')
  async reinstate(
    @Param('client_id') clientId: string,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    await this.suspension.reinstate(await this.session.requirePlatformTeam(request), clientId, null);
    return reply.redirect(`/apps/${clientId}`, 303);
  }
}

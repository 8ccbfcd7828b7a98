import { Body, Controller, Get, Param, Post, Req, Res } from '@nestjs/common';
import { parseBody } from '@payer/service';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ApiExcludeController } from '../http/api-docs.js';
import { settingsOf, type AppFormValues } from '../apps/app-fields.js';
import { appPatchBody } from '../client-metadata/app-metadata.js';
import { AppsService } from '../apps/apps.service.js';
import { subscriptionBody, SubscriptionsService } from '../subscriptions/subscriptions.service.js';
import { AppPages } from './app-pages.js';

type Fields = Record<string, string | undefined>;

/** The tabs of an app, and the forms that save on them. */
@ApiExcludeController()
@Controller('apps/:client_id')
export class AppTabsController {
  constructor(
    private readonly pages: AppPages,
    private readonly apps: AppsService,
    private readonly subscriptions: SubscriptionsService,
  ) {}

  @Get()
  overview(@Param('client_id') id: string, @Req() request: FastifyRequest, @Res() reply: FastifyReply) {
    return this.pages.show(request, reply, id, 'overview');
  }

  @Get('settings')
  settings(@Param('client_id') id: string, @Req() request: FastifyRequest, @Res() reply: FastifyReply) {
    return this.pages.show(request, reply, id, 'settings');
  }

  @Post('settings')
  save(
    @Param('client_id') id: string,
    @Body() body: AppFormValues | undefined,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    return this.pages.act(request, reply, id, {
      tab: 'settings',
      done: 'saved',
      work: (actor) => this.apps.edit(actor, id, parseBody(appPatchBody, settingsOf(body ?? {}))),
      typed: { settings: body },
    });
  }

  @Get('subscription')
  subscription(@Param('client_id') id: string, @Res() reply: FastifyReply) {
    return reply.redirect(`/apps/${encodeURIComponent(id)}`, 303);
  }

  @Post('subscription')
  subscribe(
    @Param('client_id') id: string,
    @Body() body: Fields | undefined,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    return this.pages.act(request, reply, id, {
      tab: 'overview',
      done: 'subscribed',
      work: (actor) => this.subscriptions.subscribe(actor, id, parseBody(subscriptionBody, body).plan),
    });
  }
}

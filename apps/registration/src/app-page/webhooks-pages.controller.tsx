import { Body, Controller, Get, Param, Post, Req, Res } from '@nestjs/common';
import { parseBody } from '@payer/service';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ApiExcludeController } from '../http/api-docs.js';
import { sendPortalPage } from '../http/portal-page.js';
import { webhookBody, WebhookEndpointsService } from '../webhooks/webhook-endpoints.service.js';
import { WebhookLogService } from '../webhooks/webhook-log.service.js';
import { AppPages } from './app-pages.js';
import { RemoveWebhookPage } from './webhooks-page.js';

/** The values of the form that adds an endpoint: one checkbox per type. */
export interface WebhookFields {
  url?: string;
  types?: string | string[];
}

/** The tab with an app's webhooks: endpoints, secrets, log. */
@ApiExcludeController()
@Controller('apps/:client_id/webhooks')
export class WebhooksPagesController {
  constructor(
    private readonly pages: AppPages,
    private readonly endpoints: WebhookEndpointsService,
    private readonly log: WebhookLogService,
  ) {}

  @Get()
  list(@Param('client_id') id: string, @Req() request: FastifyRequest, @Res() reply: FastifyReply) {
    return this.pages.show(request, reply, id, 'webhooks');
  }

  @Post()
  add(
    @Param('client_id') id: string,
    @Body() body: WebhookFields | undefined,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    return this.pages.act(request, reply, id, {
      tab: 'webhooks',
      done: 'webhook-added',
      work: (actor) => {
        const fields = { url: body?.url, types: [body?.types ?? []].flat() };
        return this.endpoints.add(actor, id, parseBody(webhookBody, fields));
      },
      typed: { webhook: body },
      labels: { url: 'URL', types: 'Events' },
    });
  }

  @Get(':endpoint/remove')
  async askToRemove(
    @Param('client_id') id: string,
    @Param('endpoint') endpoint: string,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    const loaded = await this.pages.load(request, id, 'develop');
    const url = (await this.endpoints.list(loaded.actor, id)).find((one) => one.id === endpoint)?.url;
    if (!url) return reply.redirect(`/apps/${encodeURIComponent(id)}/webhooks`, 303);
    return sendPortalPage(reply, <RemoveWebhookPage {...loaded} endpoint={endpoint} url={url} />);
  }

  @Post(':endpoint/remove')
  remove(
    @Param('client_id') id: string,
    @Param('endpoint') endpoint: string,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    return this.pages.act(request, reply, id, {
      tab: 'webhooks',
      done: 'webhook-removed',
      work: (actor) => this.endpoints.remove(actor, id, endpoint),
    });
  }

  @Post(':endpoint/secret')
  replaceSecret(
    @Param('client_id') id: string,
    @Param('endpoint') endpoint: string,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    return this.pages.act(request, reply, id, {
      tab: 'webhooks',
      done: 'webhook-secret-replaced',
      work: (actor) => this.endpoints.replaceSecret(actor, id, endpoint),
    });
  }

  @Post(':endpoint/test')
  test(
    @Param('client_id') id: string,
    @Param('endpoint') endpoint: string,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    return this.pages.act(request, reply, id, {
      tab: 'webhooks',
      done: 'webhook-queued',
      work: (actor) => this.log.sendTest(actor, id, endpoint, reply),
    });
  }

  @Post('messages/:message/send-again')
  sendAgain(
    @Param('client_id') id: string,
    @Param('message') message: string,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    return this.pages.act(request, reply, id, {
      tab: 'webhooks',
      done: 'webhook-queued',
      work: (actor) => this.log.sendAgain(actor, id, message, reply),
    });
  }
}

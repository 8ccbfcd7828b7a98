import { Body, Controller, Delete, Get, Header, HttpCode, Param, Post, Res, UseGuards } from '@nestjs/common';
import { parseBody } from '@payer/service';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { ApiCall, ApiTags } from '../http/api-docs.js';
import { CurrentActor, type Actor } from '../sessions/actor.js';
import { BearerGuard } from '../sessions/bearer.guard.js';
import { webhookBody, webhookEndpointView, WebhookEndpointsService } from './webhook-endpoints.service.js';
import { webhookDeliveryView, WebhookLogService } from './webhook-log.service.js';

const withSecret = webhookEndpointView.extend({
  secret: z.string().describe('whsec_ and the base64 of the signing key; only in this answer'),
});

/** The webhooks of an app (Standard Webhooks 1.0). */
@ApiTags('webhooks')
@Controller('api/apps/:client_id/webhooks')
@UseGuards(BearerGuard)
export class WebhooksController {
  constructor(
    private readonly endpoints: WebhookEndpointsService,
    private readonly log: WebhookLogService,
  ) {}

  @Get()
  @ApiCall({
    summary: 'The webhook endpoints of the app',
    answer: z.array(webhookEndpointView),
    errors: [404],
  })
  list(@CurrentActor() actor: Actor, @Param('client_id') clientId: string) {
    return this.endpoints.list(actor, clientId);
  }

  @Post()
  @Header('cache-control', 'no-store')
  @ApiCall({
    summary: 'Add a webhook endpoint; without types it receives every event',
    body: webhookBody,
    status: 201,
    answer: withSecret,
    errors: [400, 403, 404, 409],
  })
  add(@CurrentActor() actor: Actor, @Param('client_id') clientId: string, @Body() body: unknown) {
    return this.endpoints.add(actor, clientId, parseBody(webhookBody, body));
  }

  @Get('messages')
  @ApiCall({
    summary: 'The newest 100 messages with their outcomes',
    answer: z.array(webhookDeliveryView),
    errors: [404],
  })
  messages(@CurrentActor() actor: Actor, @Param('client_id') clientId: string) {
    return this.log.list(actor, clientId);
  }

  @Post('messages/:message/send-again')
  @HttpCode(202)
  @ApiCall({ summary: 'Send a message again, with its id and payload', status: 202, errors: [403, 404, 429] })
  sendAgain(
    @CurrentActor() actor: Actor,
    @Param('client_id') clientId: string,
    @Param('message') message: string,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<void> {
    return this.log.sendAgain(actor, clientId, message, reply);
  }

  @Delete(':endpoint')
  @HttpCode(204)
  @ApiCall({ summary: 'Remove an endpoint and its log', status: 204, errors: [403, 404] })
  remove(
    @CurrentActor() actor: Actor,
    @Param('client_id') clientId: string,
    @Param('endpoint') endpoint: string,
  ): Promise<void> {
    return this.endpoints.remove(actor, clientId, endpoint);
  }

  @Post(':endpoint/secret')
  @HttpCode(200)
  @Header('cache-control', 'no-store')
  @ApiCall({
    summary: 'Replace the signing secret; for 24 hours messages bear a signature of each',
    answer: withSecret.pick({ secret: true }),
    errors: [403, 404],
  })
  replaceSecret(
    @CurrentActor() actor: Actor,
    @Param('client_id') clientId: string,
    @Param('endpoint') endpoint: string,
  ) {
    return this.endpoints.replaceSecret(actor, clientId, endpoint);
  }

  @Post(':endpoint/test')
  @HttpCode(202)
  @ApiCall({ summary: 'Send a test to one endpoint', status: 202, errors: [403, 404, 429] })
  test(
    @CurrentActor() actor: Actor,
    @Param('client_id') clientId: string,
    @Param('endpoint') endpoint: string,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<void> {
    return this.log.sendTest(actor, clientId, endpoint, reply);
  }
}

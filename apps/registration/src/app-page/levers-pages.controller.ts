import { Body, Controller, Get, Param, Post, Req, Res } from '@nestjs/common';
import { parseBody } from '@payer/service';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ApiExcludeController } from '../http/api-docs.js';
import { endedGrantBody, expiredTokenBody, nextErrorBody } from '../levers/lever-fields.js';
import { LeversService } from '../levers/levers.service.js';
import { AppPages } from './app-pages.js';
import type { LeverFields } from './levers-page.js';
import { tabAddress } from './tabs.js';

/** The tab with the levers of an app. */
@ApiExcludeController()
@Controller('apps/:client_id/levers')
export class LeversPagesController {
  constructor(
    private readonly pages: AppPages,
    private readonly levers: LeversService,
  ) {}

  @Get()
  show(@Param('client_id') id: string, @Req() request: FastifyRequest, @Res() reply: FastifyReply) {
    return this.pages.show(request, reply, id, 'levers');
  }

  /** A form's address that is loaded again shows the tab. */
  @Get(['next-errors', 'next-errors/:lever/remove', 'ended-grants', 'expired-tokens'])
  backToTab(@Param('client_id') id: string, @Res() reply: FastifyReply) {
    return reply.redirect(tabAddress(encodeURIComponent(id), 'levers'), 303);
  }

  @Post('next-errors')
  failNext(
    @Param('client_id') id: string,
    @Body() body: LeverFields | undefined,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    return this.pages.act(request, reply, id, {
      tab: 'levers',
      done: 'lever-set',
      work: (actor) => this.levers.failNext(actor, id, parseBody(nextErrorBody, body)),
      typed: { lever: body },
      labels: { endpoint: 'Endpoint', error: 'Error' },
    });
  }

  @Post('next-errors/:lever/remove')
  takeBack(
    @Param('client_id') id: string,
    @Param('lever') lever: string,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    return this.pages.act(request, reply, id, {
      tab: 'levers',
      done: 'lever-taken-back',
      work: (actor) => this.levers.takeBack(actor, id, lever),
    });
  }

  @Post('ended-grants')
  endGrant(
    @Param('client_id') id: string,
    @Body() body: unknown,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    return this.pages.act(request, reply, id, {
      tab: 'levers',
      done: 'grant-ended',
      work: (actor) => this.levers.endGrant(actor, id, parseBody(endedGrantBody, body).grant_id),
      labels: { grant_id: 'The grant' },
    });
  }

  @Post('expired-tokens')
  expireToken(
    @Param('client_id') id: string,
    @Body() body: unknown,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    return this.pages.act(request, reply, id, {
      tab: 'levers',
      done: 'token-ended',
      work: (actor) => this.levers.expireToken(actor, id, parseBody(expiredTokenBody, body).access_token),
      labels: { access_token: 'Access token:' },
    });
  }
}

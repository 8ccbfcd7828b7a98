import { Body, Controller, Get, Inject, Param, Post, Query, Req, Res } from '@nestjs/common';
import { CONFIG, parseBody, parseQuery } from '@payer/service';
import { plans, resourceTypes } from '@payer/smart';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { ApiExcludeController } from '../http/api-docs.js';
import type { Config } from '../config.js';
import { PageSession } from '../sessions/page-session.js';
import { sendPortalPage } from '../http/portal-page.js';
import { Explorer } from './explorer.js';
import { RunPage } from './run-page.js';
import { Runs } from './runs.js';
import { trialActs, Trials } from './trials.js';

const callbackQuery = z.object({
  state: z.string().max(200),
  code: z.string().max(2000).optional(),
  iss: z.string().max(2000).optional(),
  error: z.string().max(100).optional(),
  error_description: z.string().max(2000).optional(),
  error_uri: z.string().max(2000).optional(),
});
const runQuery = z.object({
  path: z.string().max(4000).optional(),
  type: z.enum(resourceTypes as [string, ...string[]]).optional(),
  query: z.string().max(4000).optional(),
});
const actBody = z.object({ act: z.enum(trialActs, `must be one of ${trialActs.join(', ')}`) });
const demoBody = z.object({ plan: z.enum(plans, `must be one of ${plans.join(', ')}`) });

/** "Try it": the flow of an app, run by the portal in the sandbox. */
@ApiExcludeController()
@Controller()
export class TryItController {
  constructor(
    private readonly trials: Trials,
    private readonly runs: Runs,
    private readonly explorer: Explorer,
    private readonly session: PageSession,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  @Post('apps/:client_id/try-it')
  async begin(
    @Param('client_id') clientId: string,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    const actor = await this.session.require(request);
    const where = await this.trials.begin(actor, clientId, request, reply);
    return reply.redirect(where, 303);
  }

  @Get('apps/:client_id/try-it')
  backToApp(@Param('client_id') clientId: string, @Res() reply: FastifyReply) {
    return reply.redirect(`/apps/${encodeURIComponent(clientId)}`, 303);
  }

  @Post('demo')
  async demonstrate(@Body() body: unknown, @Req() request: FastifyRequest, @Res() reply: FastifyReply) {
    const { plan } = parseBody(demoBody, body);
    return reply.redirect(await this.trials.demonstrate(plan, request, reply), 303);
  }

  @Get('demo')
  frontDoor(@Res() reply: FastifyReply) {
    return reply.redirect('/', 303);
  }

  /** The portal's redirect URI: the member's browser comes back here (RFC 6749 §4.1.2). */
  @Get('try-it/callback')
  async callback(@Query() query: unknown, @Req() request: FastifyRequest, @Res() reply: FastifyReply) {
    const answer = parseQuery(callbackQuery, query);
    const [id = '', state = ''] = answer.state.split('.');
    const run = await this.trials.comeBack(request, id, { ...answer, state });
    return reply.redirect(`/try-it/${run.id}`, 303);
  }

  @Get('try-it/:id')
  async show(
    @Param('id') id: string,
    @Query() query: unknown,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    const run = await this.runs.find(request, id);
    const asked = parseQuery(runQuery, query);
    const path = asked.type ? [asked.type, asked.query].filter(Boolean).join('?') : asked.path;
    const explored = run.access_token
      ? await this.explorer.read(run, path ?? this.explorer.firstPath(run))
      : undefined;
    const page = (
      <RunPage
        planName={this.config.PLAN_NAME}
        actor={await this.session.actor(request)}
        run={run}
        explored={explored}
        isDemonstration={await this.trials.isDemonstration(run)}
      />
    );
    return sendPortalPage(reply, page, 200, this.trials.formTargets);
  }

  @Post('try-it/:id/act')
  async act(
    @Param('id') id: string,
    @Body() body: unknown,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    const run = await this.trials.act(request, reply, id, parseBody(actBody, body).act);
    return reply.redirect(`/try-it/${run.id}`, 303);
  }

  @Get('try-it/:id/act')
  backToRun(@Param('id') id: string, @Res() reply: FastifyReply) {
    return reply.redirect(`/try-it/${encodeURIComponent(id)}`, 303);
  }
}

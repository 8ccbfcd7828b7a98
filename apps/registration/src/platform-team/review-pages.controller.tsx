import { Body, Controller, Get, Inject, Param, Post, Query, Req, Res } from '@nestjs/common';
import { CONFIG, parseBody, Problem, rowsOf } from '@payer/service';
import { trialEnvironment } from '@payer/smart';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { DataSource } from 'typeorm';
import { z } from 'zod';
import { ApiExcludeController } from '../http/api-docs.js';
import { ActivityService } from '../activity/activity.service.js';
import { AppRequests } from '../activity/app-requests.js';
import { requestFilter } from '../activity/request-filter.js';
import { AppsService } from '../apps/apps.service.js';
import type { Config } from '../config.js';
import type { Actor } from '../sessions/actor.js';
import { PageSession } from '../sessions/page-session.js';
import { formErrors, formStatus, sendPortalPage } from '../http/portal-page.js';
import { answerLabels } from '../production-requests/answers-form.js';
import { ConversationService } from '../production-requests/conversation.service.js';
import {
  approvalBody,
  changesBody,
  DecisionsService,
  rejectionBody,
} from '../production-requests/decisions.service.js';
import { wordsBody } from '../production-requests/production-requests.service.js';
import { RequestQueue } from '../production-requests/request-queue.js';
import { securityRiskKeys } from '../request-record/security-risks.js';
import { ChangeDecisionsService } from '../reviewed-changes/change-decisions.service.js';
import { ChangePage } from './change-page.js';
import type { RefusedDecision } from './decision-forms.js';
import { RequestPage } from './request-page.js';

type Fields = Record<string, string | undefined>;

/** The most failures beside a request. */
const failuresShown = 5;

/** The pages on which a reviewer reads a request or a change, and decides it. */
@ApiExcludeController()
@Controller('platform')
export class ReviewPagesController {
  constructor(
    private readonly source: DataSource,
    private readonly apps: AppsService,
    private readonly activity: ActivityService,
    private readonly appRequests: AppRequests,
    private readonly conversation: ConversationService,
    private readonly decisions: DecisionsService,
    private readonly queue: RequestQueue,
    private readonly changes: ChangeDecisionsService,
    private readonly session: PageSession,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  @Get('requests/:id')
  async request(
    @Param('id') id: string,
    @Query('sent') sent: unknown,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    const actor = await this.session.requirePlatformTeam(request);
    return this.sendRequest(actor, reply, id, { isSent: sent !== undefined });
  }

  @Post('requests/:id')
  async decide(
    @Param('id') id: string,
    @Body() body: Fields | undefined,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    const actor = await this.session.requirePlatformTeam(request, 'review');
    try {
      await this.applyDecision(actor, id, body);
    } catch (error) {
      return this.sendRequest(actor, reply, id, refusal(error, body));
    }
    return reply.redirect('/?decided=1', 303);
  }

  @Post('requests/:id/messages')
  async write(
    @Param('id') id: string,
    @Body() body: Fields | undefined,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    const actor = await this.session.requirePlatformTeam(request, 'converse');
    try {
      await this.conversation.fromTeam(actor, id, parseBody(wordsBody, body).text);
    } catch (error) {
      return this.sendRequest(actor, reply, id, refusal(error, body));
    }
    return reply.redirect(`/platform/requests/${id}?sent=1`, 303);
  }

  /** Redirects the reload of a refused form to the request. */
  @Get('requests/:id/messages')
  requestPage(@Param('id') id: string, @Res() reply: FastifyReply) {
    return reply.redirect(`/platform/requests/${encodeURIComponent(id)}`, 303);
  }

  @Get('changes/:id')
  async change(@Param('id') id: string, @Req() request: FastifyRequest, @Res() reply: FastifyReply) {
    const actor = await this.session.requirePlatformTeam(request);
    return this.sendChange(actor, reply, id);
  }

  @Post('changes/:id')
  async decideChange(
    @Param('id') id: string,
    @Body() body: Fields | undefined,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    const actor = await this.session.requirePlatformTeam(request, 'review');
    try {
      if (body?.decision === 'approve') await this.changes.approve(actor, id, body.note?.trim() || null);
      else {
        const { note, reason } = parseBody(rejectionForm, body);
        await this.changes.reject(actor, id, note, reason);
      }
    } catch (error) {
      return this.sendChange(actor, reply, id, refusal(error, body));
    }
    return reply.redirect('/?decided=1', 303);
  }

  private async applyDecision(actor: Actor, id: string, body: Fields | undefined): Promise<void> {
    switch (body?.decision) {
      case 'approve': {
        const { note, app_version } = parseBody(approvalBody, body);
        await this.decisions.approve(actor, id, note || null, app_version);
        return;
      }
      case 'ask-back':
        await this.decisions.askBack(actor, id, parseBody(changesBody, body).note);
        return;
      case 'reject': {
        const { note, reason } = parseBody(rejectionForm, body);
        await this.decisions.reject(actor, id, note, reason);
        return;
      }
      default:
        throw new Problem(400, 'invalid_request', 'Choose a decision: approve, ask for changes, or reject.');
    }
  }

  private async sendRequest(
    actor: Actor,
    reply: FastifyReply,
    id: string,
    more: { refused?: RefusedDecision; isSent?: boolean; status?: number },
  ) {
    const { status = 200, ...shown } = more;
    const request = await this.conversation.find(id);
    const app = await this.apps.view(actor, request.client_id);
    const filter = requestFilter.parse({
      environment: trialEnvironment,
      outcome: 'failed',
      limit: failuresShown,
    });
    const page = (
      <RequestPage
        planName={this.config.PLAN_NAME}
        actor={actor}
        request={request}
        earlier={await this.conversation.earlier(request)}
        app={app}
        developer={await this.developerOf(app.client_id)}
        activity={await this.activity.of(app.client_id)}
        failures={(await this.appRequests.of(app.client_id, filter)).requests}
        due={
          request.status === 'pending' ? this.queue.dueAt(request.submitted_at ?? request.created_at) : null
        }
        {...shown}
      />
    );
    return sendPortalPage(reply, page, status);
  }

  private async sendChange(
    actor: Actor,
    reply: FastifyReply,
    id: string,
    { refused, status = 200 }: { refused?: RefusedDecision; status?: number } = {},
  ) {
    const change = await this.changes.find(id);
    const page = (
      <ChangePage planName={this.config.PLAN_NAME} actor={actor} change={change} refused={refused} />
    );
    return sendPortalPage(reply, page, status);
  }

  private async developerOf(clientId: string) {
    const [developer] = await rowsOf<{ name: string; email: string; created_at: Date; apps: number }>(
      this.source,
      `SELECT name, email, account.created_at,
              (SELECT count(*)::integer FROM app AS other WHERE other.owner_id = account.id
                AND other.status <> 'deleted') AS apps
       FROM app JOIN account ON account.id = owner_id WHERE client_id = $1`,
      [clientId],
    );
    return developer ?? { name: '', email: '', created_at: new Date(0), apps: 0 };
  }
}

/** The page needs a chosen risk: it has no default as the API has. */
const rejectionForm = rejectionBody.extend({
  reason: z.enum(securityRiskKeys, { error: 'must be chosen' }),
});

/** @throws every error that is not a Problem, and a Problem about something that is not there */
function refusedBy(error: unknown, body: Fields | undefined): RefusedDecision {
  if (error instanceof Problem && error.getStatus() === 404) throw error;
  return {
    decision: body?.decision ?? '',
    errors: formErrors(error, { ...answerLabels, note: 'The note', reason: 'The risk' }),
    note: body?.note,
    reason: body?.reason,
  };
}

/** The refused form with its error, and the status of the page that shows both. */
const refusal = (error: unknown, body: Fields | undefined) => ({
  refused: refusedBy(error, body),
  status: formStatus(error),
});

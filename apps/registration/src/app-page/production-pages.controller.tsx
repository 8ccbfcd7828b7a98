import { Body, Controller, Get, Param, Post, Req, Res } from '@nestjs/common';
import { parseBody } from '@payer/service';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ApiExcludeController } from '../http/api-docs.js';
import { answerLabels, answersOfFields, type AnswerFields } from '../production-requests/answers-form.js';
import { ConversationService } from '../production-requests/conversation.service.js';
import {
  draftBody,
  ProductionRequestsService,
  wordsBody,
} from '../production-requests/production-requests.service.js';
import { AppPages } from './app-pages.js';
import { tabAddress, type Done } from './tabs.js';

/** The Production tab of an app and its forms. */
@ApiExcludeController()
@Controller('apps/:client_id/production')
export class ProductionPagesController {
  constructor(
    private readonly pages: AppPages,
    private readonly requests: ProductionRequestsService,
    private readonly conversation: ConversationService,
  ) {}

  @Get()
  production(@Param('client_id') id: string, @Req() request: FastifyRequest, @Res() reply: FastifyReply) {
    return this.pages.show(request, reply, id, 'production');
  }

  /** Redirects the reload of a refused form to the tab. */
  @Get(['withdraw', 'messages', 'appeal', 'attestation'])
  tab(@Param('client_id') id: string, @Res() reply: FastifyReply) {
    return reply.redirect(tabAddress(encodeURIComponent(id), 'production'), 303);
  }

  /** Saves the answers first, so that a refused submission keeps them. */
  @Post()
  save(
    @Param('client_id') id: string,
    @Body() body: AnswerFields | undefined,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    const isSubmission = body?.act === 'submit';
    return this.pages.act(request, reply, id, {
      tab: 'production',
      done: isSubmission ? 'requested' : 'draft-saved',
      work: async (actor) => {
        const answers = parseBody(draftBody, answersOfFields(body ?? {}));
        await this.requests.saveDraft(actor, id, answers);
        if (isSubmission) await this.requests.submit(actor, id, answers, { isChecked: true });
      },
      typed: { answers: body },
      labels: answerLabels,
    });
  }

  @Post('withdraw')
  withdraw(@Param('client_id') id: string, @Req() request: FastifyRequest, @Res() reply: FastifyReply) {
    return this.act(id, request, reply, 'withdrawn', (actor) => this.requests.withdraw(actor, id));
  }

  @Post('messages')
  write(
    @Param('client_id') id: string,
    @Body() body: unknown,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    return this.act(id, request, reply, 'message-sent', (actor) =>
      this.conversation.fromDeveloper(actor, id, parseBody(wordsBody, body).text),
    );
  }

  @Post('appeal')
  appeal(
    @Param('client_id') id: string,
    @Body() body: unknown,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    return this.act(id, request, reply, 'appealed', (actor) =>
      this.requests.appeal(actor, id, parseBody(wordsBody, body).text),
    );
  }

  @Post('attestation')
  attest(
    @Param('client_id') id: string,
    @Body() body: AnswerFields | undefined,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    return this.act(id, request, reply, 'attestation-saved', (actor) => {
      const { attestation = false, attested_by = null } = parseBody(
        draftBody.pick({ attestation: true, attested_by: true }),
        answersOfFields(body ?? {}),
      );
      return this.requests.attest(actor, id, attestation, attested_by);
    });
  }

  private act(
    id: string,
    request: FastifyRequest,
    reply: FastifyReply,
    done: Done,
    work: Parameters<AppPages['act']>[3]['work'],
  ) {
    return this.pages.act(request, reply, id, { tab: 'production', done, work, labels: answerLabels });
  }
}

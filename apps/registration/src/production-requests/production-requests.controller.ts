import { Body, Controller, Delete, Get, HttpCode, Param, Post, Put, UseGuards } from '@nestjs/common';
import { parseBody } from '@payer/service';
import { z } from 'zod';
import { CurrentActor, type Actor } from '../sessions/actor.js';
import { BearerGuard } from '../sessions/bearer.guard.js';
import { ApiCall, ApiTags } from '../http/api-docs.js';
import { ConversationService } from './conversation.service.js';
import { productionRequestView, requestWithHistory } from '../request-record/production-request-view.js';
import {
  draftBody,
  productionRequestBody,
  ProductionRequestsService,
  wordsBody,
} from './production-requests.service.js';
import { answersSchema } from '../request-record/questions.js';

const attestationBody = z.object({
  attested: z.boolean('must be true or false'),
  attested_by: answersSchema.shape.attested_by,
});

/** The production request of an app, for its developer. */
@ApiTags('production requests')
@Controller('api/apps/:client_id')
@UseGuards(BearerGuard)
export class ProductionRequestsController {
  constructor(
    private readonly requests: ProductionRequestsService,
    private readonly conversation: ConversationService,
  ) {}

  @Get('production-request')
  @ApiCall({
    summary: 'The latest production request of the app, with its history and conversation',
    answer: requestWithHistory,
    errors: [404],
  })
  show(@CurrentActor() actor: Actor, @Param('client_id') clientId: string) {
    return this.conversation.ofApp(actor, clientId);
  }

  @Put('production-request')
  @ApiCall({
    summary: 'Save answers as a draft; absent answers stay, null takes an answer back',
    body: draftBody,
    answer: productionRequestView,
    errors: [400, 404, 409],
  })
  save(@CurrentActor() actor: Actor, @Param('client_id') clientId: string, @Body() body: unknown) {
    return this.requests.saveDraft(actor, clientId, parseBody(draftBody, body));
  }

  @Post('production-request')
  @ApiCall({
    summary: 'Submit the request: the saved answers together with these; missing lists open questions',
    body: productionRequestBody,
    status: 201,
    answer: productionRequestView,
    errors: [400, 404, 409],
  })
  ask(@CurrentActor() actor: Actor, @Param('client_id') clientId: string, @Body() body: unknown) {
    return this.requests.submit(actor, clientId, parseBody(productionRequestBody, body));
  }

  @Delete('production-request')
  @ApiCall({
    summary: 'Withdraw the open request or discard the draft',
    answer: productionRequestView,
    errors: [404],
  })
  withdraw(@CurrentActor() actor: Actor, @Param('client_id') clientId: string) {
    return this.requests.withdraw(actor, clientId);
  }

  @Post('production-request/messages')
  @ApiCall({
    summary: 'Write to the platform team about the request',
    body: wordsBody,
    status: 201,
    answer: requestWithHistory,
    errors: [400, 404, 409],
  })
  write(@CurrentActor() actor: Actor, @Param('client_id') clientId: string, @Body() body: unknown) {
    return this.conversation.fromDeveloper(actor, clientId, parseBody(wordsBody, body).text);
  }

  @Post('production-request/appeal')
  @HttpCode(200)
  @ApiCall({
    summary: 'Appeal against a rejection, once',
    body: wordsBody,
    answer: productionRequestView,
    errors: [400, 404, 409],
  })
  appeal(@CurrentActor() actor: Actor, @Param('client_id') clientId: string, @Body() body: unknown) {
    return this.requests.appeal(actor, clientId, parseBody(wordsBody, body).text);
  }

  @Put('attestation')
  @HttpCode(204)
  @ApiCall({
    summary:
      'Give or take back the privacy attestation; members read on the consent page whether it is given',
    body: attestationBody,
    status: 204,
    errors: [400, 404],
  })
  async attest(@CurrentActor() actor: Actor, @Param('client_id') clientId: string, @Body() body: unknown) {
    const { attested, attested_by } = parseBody(attestationBody, body);
    await this.requests.attest(actor, clientId, attested, attested_by ?? null);
  }
}

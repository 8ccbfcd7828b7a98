import { Body, Controller, Get, HttpCode, Param, Post, Query, UseGuards } from '@nestjs/common';
import { parseBody, parseQuery } from '@payer/service';
import { plans } from '@payer/smart';
import { z } from 'zod';
import { CurrentActor, type Actor } from '../sessions/actor.js';
import { BearerGuard } from '../sessions/bearer.guard.js';
import { NeedsDuty } from '../sessions/duties.js';
import { ApiCall, ApiQuery, ApiTags } from '../http/api-docs.js';
import { PlatformTeamGuard } from '../sessions/platform-team.guard.js';
import { ConversationService } from './conversation.service.js';
import { approvalBody, changesBody, DecisionsService, rejectionBody } from './decisions.service.js';
import { productionRequestStatuses } from '../request-record/production-request.entity.js';
import { productionRequestView, requestWithHistory } from '../request-record/production-request-view.js';
import { wordsBody } from './production-requests.service.js';
import { queueEntry, queueQuery, RequestQueue } from './request-queue.js';

/** Production requests, for the platform team. */
@ApiTags('production requests')
@Controller('api/production-requests')
@UseGuards(BearerGuard, PlatformTeamGuard)
export class DecisionsController {
  constructor(
    private readonly queue: RequestQueue,
    private readonly decisions: DecisionsService,
    private readonly conversation: ConversationService,
  ) {}

  @Get()
  @ApiQuery({ name: 'status', required: false, enum: productionRequestStatuses })
  @ApiQuery({ name: 'plan', required: false, enum: plans })
  @ApiQuery({ name: 'overdue', required: false, enum: ['true'] })
  @ApiQuery({ name: 'text', required: false, description: 'Part of a name or an address' })
  @ApiCall({
    summary: 'Platform team: the queue; waiting requests first, at most 500',
    answer: z.array(queueEntry),
    errors: [400, 403],
  })
  list(@Query() query: unknown) {
    return this.queue.find(parseQuery(queueQuery, query));
  }

  @Get(':id')
  @ApiCall({
    summary: 'Platform team: one request in full, with its history and conversation',
    answer: requestWithHistory,
    errors: [403, 404],
  })
  show(@Param('id') id: string) {
    return this.conversation.find(id);
  }

  @Post(':id/approve')
  @HttpCode(200)
  @NeedsDuty('review')
  @ApiCall({
    summary: 'Platform team: open production for the app',
    body: approvalBody,
    answer: productionRequestView,
    errors: [400, 403, 404, 409],
  })
  approve(@CurrentActor() actor: Actor, @Param('id') id: string, @Body() body: unknown) {
    const { note, app_version } = parseBody(approvalBody, body);
    return this.decisions.approve(actor, id, note ?? null, app_version);
  }

  @Post(':id/request-changes')
  @HttpCode(200)
  @NeedsDuty('review')
  @ApiCall({
    summary: 'Platform team: ask the developer for changes',
    body: changesBody,
    answer: productionRequestView,
    errors: [400, 403, 404, 409],
  })
  askBack(@CurrentActor() actor: Actor, @Param('id') id: string, @Body() body: unknown) {
    return this.decisions.askBack(actor, id, parseBody(changesBody, body).note);
  }

  @Post(':id/reject')
  @HttpCode(200)
  @NeedsDuty('review')
  @ApiCall({
    summary: 'Platform team: refuse for a security risk; the note explains it to the developer',
    body: rejectionBody,
    answer: productionRequestView,
    errors: [400, 403, 404, 409],
  })
  reject(@CurrentActor() actor: Actor, @Param('id') id: string, @Body() body: unknown) {
    const { note, reason } = parseBody(rejectionBody, body);
    return this.decisions.reject(actor, id, note, reason);
  }

  @Post(':id/messages')
  @NeedsDuty('converse')
  @ApiCall({
    summary: 'Platform team: write to the developer about the request',
    body: wordsBody,
    status: 201,
    answer: requestWithHistory,
    errors: [400, 403, 404],
  })
  write(@CurrentActor() actor: Actor, @Param('id') id: string, @Body() body: unknown) {
    return this.conversation.fromTeam(actor, id, parseBody(wordsBody, body).text);
  }
}

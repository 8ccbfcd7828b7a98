import { Body, Controller, Get, HttpCode, Param, Post, Query, UseGuards } from '@nestjs/common';
import { parseBody, parseQuery } from '@payer/service';
import { z } from 'zod';
import { CurrentActor, type Actor } from '../sessions/actor.js';
import { BearerGuard } from '../sessions/bearer.guard.js';
import { NeedsDuty } from '../sessions/duties.js';
import { ApiCall, ApiQuery, ApiTags } from '../http/api-docs.js';
import { PlatformTeamGuard } from '../sessions/platform-team.guard.js';
import { rejectionBody } from '../production-requests/decisions.service.js';
import {
  changeApprovalBody,
  ChangeDecisionsService,
  changeQuery,
  changeStatuses,
  changeView,
} from './change-decisions.service.js';

/** Changes of approved apps, for the platform team. */
@ApiTags('changes of approved apps')
@Controller('api/app-changes')
@UseGuards(BearerGuard, PlatformTeamGuard)
export class ChangeDecisionsController {
  constructor(private readonly changes: ChangeDecisionsService) {}

  @Get()
  @ApiQuery({ name: 'status', required: false, enum: changeStatuses })
  @ApiCall({
    summary: 'Platform team: changes of approved apps; pending changes first, at most 200',
    answer: z.array(changeView),
    errors: [400, 403],
  })
  list(@Query() query: unknown) {
    return this.changes.list(parseQuery(changeQuery, query));
  }

  @Post(':id/approve')
  @HttpCode(200)
  @NeedsDuty('review')
  @ApiCall({
    summary: 'Platform team: let the change hold in production',
    body: changeApprovalBody,
    answer: changeView,
    errors: [400, 403, 404, 409],
  })
  approve(@CurrentActor() actor: Actor, @Param('id') id: string, @Body() body: unknown) {
    return this.changes.approve(actor, id, parseBody(changeApprovalBody, body).note ?? null);
  }

  @Post(':id/reject')
  @HttpCode(200)
  @NeedsDuty('review')
  @ApiCall({
    summary: 'Platform team: keep the reviewed values in production; the note explains the risk',
    body: rejectionBody,
    answer: changeView,
    errors: [400, 403, 404, 409],
  })
  reject(@CurrentActor() actor: Actor, @Param('id') id: string, @Body() body: unknown) {
    const { note, reason } = parseBody(rejectionBody, body);
    return this.changes.reject(actor, id, note, reason);
  }
}

import { Body, Controller, Get, HttpCode, Param, Post, Query, UseGuards } from '@nestjs/common';
import { ApiQuery, ApiTags } from '@nestjs/swagger';
import { parseBody, parseQuery } from '@payer/service';
import { z } from 'zod';
import { CurrentActor, type Actor } from '../developers/actor.js';
import { BearerGuard } from '../developers/bearer.guard.js';
import { ApiCall } from '../http/api-docs.js';
import { PlatformTeamGuard } from '../platform-team/platform-team.guard.js';
import { productionRequestStatuses } from './production-request.entity.js';
import { productionRequestView } from './production-request-view.js';
import {
  approvalBody,
  productionRequestBody,
  ProductionRequestsService,
  queueEntry,
  queueQuery,
  rejectionBody,
} from './production-requests.service.js';

@ApiTags('production requests')
@Controller('api')
@UseGuards(BearerGuard)
export class ProductionRequestsController {
  constructor(private readonly requests: ProductionRequestsService) {}

  @Post('apps/:client_id/production-request')
  @ApiCall({
    summary: 'Ask the platform team to open production for the app',
    body: productionRequestBody,
    status: 201,
    answer: productionRequestView,
    errors: [400, 404, 409],
  })
  ask(@CurrentActor() actor: Actor, @Param('client_id') clientId: string, @Body() body: unknown) {
    return this.requests.ask(actor, clientId, parseBody(productionRequestBody, body));
  }

  @Get('production-requests')
  @UseGuards(PlatformTeamGuard)
  @ApiQuery({ name: 'status', required: false, enum: productionRequestStatuses })
  @ApiCall({
    summary: 'Platform team: the queue; waiting requests first, at most 500',
    answer: z.array(queueEntry),
    errors: [400, 403],
  })
  queue(@Query() query: unknown) {
    return this.requests.queue(parseQuery(queueQuery, query).status);
  }

  @Post('production-requests/:id/approve')
  @HttpCode(200)
  @UseGuards(PlatformTeamGuard)
  @ApiCall({
    summary: 'Platform team: open production for the app',
    body: approvalBody,
    answer: productionRequestView,
    errors: [400, 403, 404, 409],
  })
  approve(@CurrentActor() actor: Actor, @Param('id') id: string, @Body() body: unknown) {
    return this.requests.approve(actor, id, parseBody(approvalBody, body).note ?? null);
  }

  @Post('production-requests/:id/reject')
  @HttpCode(200)
  @UseGuards(PlatformTeamGuard)
  @ApiCall({
    summary: 'Platform team: refuse, telling the developer what to change',
    body: rejectionBody,
    answer: productionRequestView,
    errors: [400, 403, 404, 409],
  })
  reject(@CurrentActor() actor: Actor, @Param('id') id: string, @Body() body: unknown) {
    return this.requests.reject(actor, id, parseBody(rejectionBody, body).note);
  }
}

import { Body, Controller, Param, Put, UseGuards } from '@nestjs/common';
import { parseBody } from '@payer/service';
import { environments, plans } from '@payer/smart';
import { z } from 'zod';
import { CurrentActor, type Actor } from '../sessions/actor.js';
import { BearerGuard } from '../sessions/bearer.guard.js';
import { ApiCall, ApiTags } from '../http/api-docs.js';
import { subscriptionBody, SubscriptionsService } from './subscriptions.service.js';

@ApiTags('subscriptions')
@Controller('api/apps/:client_id/subscription')
@UseGuards(BearerGuard)
export class SubscriptionsController {
  constructor(private readonly subscriptions: SubscriptionsService) {}

  @Put()
  @ApiCall({
    summary: 'Subscribe the app to a plan; the sandbox opens at once',
    body: subscriptionBody,
    answer: z.object({ plan: z.enum(plans), environments: z.array(z.enum(environments)) }),
    errors: [400, 404, 409],
  })
  subscribe(@CurrentActor() actor: Actor, @Param('client_id') clientId: string, @Body() body: unknown) {
    return this.subscriptions.subscribe(actor, clientId, parseBody(subscriptionBody, body).plan);
  }
}

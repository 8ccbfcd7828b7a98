import { Body, Controller, HttpCode, Param, Post, UseGuards } from '@nestjs/common';
import { parseBody } from '@payer/service';
import { appViewSchema } from '../apps/app-view.js';
import { AppsService } from '../apps/apps.service.js';
import { CurrentActor, type Actor } from '../sessions/actor.js';
import { BearerGuard } from '../sessions/bearer.guard.js';
import { NeedsDuty } from '../sessions/duties.js';
import { ApiCall, ApiTags } from '../http/api-docs.js';
import { PlatformTeamGuard } from '../sessions/platform-team.guard.js';
import { reinstateBody, suspendBody, SuspensionService } from './suspension.service.js';

@ApiTags('platform team')
@Controller('api/apps/:client_id')
@UseGuards(BearerGuard, PlatformTeamGuard)
@NeedsDuty('suspend')
export class SuspensionController {
  constructor(
    private readonly suspension: SuspensionService,
    private readonly apps: AppsService,
  ) {}

  @Post('suspend')
  @HttpCode(200)
  @ApiCall({
    summary: 'Platform team: close both environments for the app at once',
    body: suspendBody,
    answer: appViewSchema,
    errors: [400, 403, 404, 409],
  })
  async suspend(@CurrentActor() actor: Actor, @Param('client_id') clientId: string, @Body() body: unknown) {
    await this.suspension.suspend(actor, clientId, parseBody(suspendBody, body).reason);
    return this.apps.view(actor, clientId);
  }

  @Post('reinstate')
  @HttpCode(200)
  @ApiCall({
    summary: 'Platform team: open again what was open before',
    body: reinstateBody,
    answer: appViewSchema,
    errors: [400, 403, 404, 409],
  })
  async reinstate(@CurrentActor() actor: Actor, @Param('client_id') clientId: string, @Body() body: unknown) {
    await this.suspension.reinstate(actor, clientId, parseBody(reinstateBody, body).reason ?? null);
    return this.apps.view(actor, clientId);
  }
}

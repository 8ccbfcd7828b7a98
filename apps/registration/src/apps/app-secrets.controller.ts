import { Body, Controller, Delete, Header, HttpCode, Param, Post, UseGuards } from '@nestjs/common';
import { parseBody } from '@payer/service';
import { z } from 'zod';
import { CurrentActor, type Actor } from '../sessions/actor.js';
import { BearerGuard } from '../sessions/bearer.guard.js';
import { ApiCall, ApiTags } from '../http/api-docs.js';
import { AppSecretsService } from './app-secrets.service.js';

@ApiTags('apps')
@Controller('api/apps/:client_id/secret')
@UseGuards(BearerGuard)
export class AppSecretsController {
  constructor(private readonly secrets: AppSecretsService) {}

  @Post()
  @HttpCode(200)
  @Header('cache-control', 'no-store')
  @ApiCall({
    summary: 'Replace the secret; the old one works for a grace period',
    body: z.object({ grace_seconds: z.int().min(0).optional() }),
    answer: z.object({
      client_id: z.string(),
      client_secret: z.string(),
      old_secret_expires_at: z.iso.datetime().nullable(),
    }),
    errors: [400, 404],
  })
  replace(@CurrentActor() actor: Actor, @Param('client_id') clientId: string, @Body() body: unknown) {
    const { grace_seconds } = parseBody(this.secrets.body, body);
    return this.secrets.replace(actor, clientId, grace_seconds);
  }

  @Delete('previous')
  @HttpCode(204)
  @ApiCall({
    summary: 'End the replaced secret now instead of at the end of its grace period',
    status: 204,
    errors: [404],
  })
  async endPrevious(@CurrentActor() actor: Actor, @Param('client_id') clientId: string): Promise<void> {
    await this.secrets.endPrevious(actor, clientId);
  }
}

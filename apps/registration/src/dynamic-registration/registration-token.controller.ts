import { Controller, Delete, HttpCode, Param, UseGuards } from '@nestjs/common';
import { ApiCall, ApiTags } from '../http/api-docs.js';
import { CurrentActor, type Actor } from '../sessions/actor.js';
import { BearerGuard } from '../sessions/bearer.guard.js';
import { RegistrationTokens } from './registration-tokens.service.js';

@ApiTags('dynamic registration')
@Controller('api/apps/:client_id/registration-access-token')
@UseGuards(BearerGuard)
export class RegistrationTokenController {
  constructor(private readonly tokens: RegistrationTokens) {}

  @Delete()
  @HttpCode(204)
  @ApiCall({
    summary: 'End the token with which the program that registered the app can change it (RFC 7592)',
    status: 204,
    errors: [404],
  })
  async end(@CurrentActor() actor: Actor, @Param('client_id') clientId: string): Promise<void> {
    await this.tokens.end(actor, clientId);
  }
}

import {
  Body,
  Controller,
  Delete,
  Get,
  Header,
  HttpCode,
  Param,
  Patch,
  Post,
  Req,
  UseGuards,
} from '@nestjs/common';
import { parseBody } from '@payer/service';
import { z } from 'zod';
import { ApiCall, ApiTags } from '../http/api-docs.js';
import { CurrentActor, type Actor, type SignedInRequest } from '../sessions/actor.js';
import { BearerGuard } from '../sessions/bearer.guard.js';
import { newPasskeyBody, passkeyNameBody, passkeyOptionsBody, passkeyView } from './passkey-fields.js';
import { PasskeysService } from './passkeys.service.js';

@ApiTags('passkeys')
@Controller('api/developers/me/passkeys')
@UseGuards(BearerGuard)
export class PasskeysController {
  constructor(private readonly passkeys: PasskeysService) {}

  @Get()
  @ApiCall({ summary: 'Your passkeys', answer: z.array(passkeyView) })
  list(@CurrentActor() actor: Actor) {
    return this.passkeys.list(actor.id);
  }

  @Post('options')
  @HttpCode(200)
  @Header('cache-control', 'no-store')
  @ApiCall({
    summary: 'Options for navigator.credentials.create(), valid for five minutes',
    body: passkeyOptionsBody,
    answer: z.looseObject({ challenge: z.string() }),
    errors: [400, 429],
  })
  options(@Body() body: unknown, @Req() request: SignedInRequest) {
    const { current_password, device_token: knownDevice } = parseBody(passkeyOptionsBody, body);
    return this.passkeys.options(request.actor, current_password, {
      entrance: 'api',
      address: request.ip,
      knownDevice,
    });
  }

  @Post()
  @HttpCode(201)
  @ApiCall({
    summary: 'Add a passkey with the answer of navigator.credentials.create()',
    body: newPasskeyBody,
    status: 201,
    answer: passkeyView,
    errors: [400, 409],
  })
  add(@CurrentActor() actor: Actor, @Body() body: unknown) {
    return this.passkeys.add(actor, parseBody(newPasskeyBody, body));
  }

  @Patch(':id')
  @ApiCall({ summary: 'Rename a passkey', body: passkeyNameBody, answer: passkeyView, errors: [400, 404] })
  rename(@CurrentActor() actor: Actor, @Param('id') id: string, @Body() body: unknown) {
    return this.passkeys.rename(actor, id, parseBody(passkeyNameBody, body).name);
  }

  @Delete(':id')
  @HttpCode(204)
  @ApiCall({ summary: 'Remove a passkey; it no longer signs you in', status: 204, errors: [404] })
  async remove(@CurrentActor() actor: Actor, @Param('id') id: string): Promise<void> {
    await this.passkeys.remove(actor, id);
  }
}

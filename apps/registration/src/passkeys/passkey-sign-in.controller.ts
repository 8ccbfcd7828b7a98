import { Body, Controller, Header, HttpCode, Post, Req, Res } from '@nestjs/common';
import { parseBody } from '@payer/service';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { SignInService } from '../developers/sign-in.service.js';
import { ApiCall, ApiTags } from '../http/api-docs.js';
import { CreationLimits } from '../rate-limits/creation-limits.js';
import { originOf } from '../sessions/portal-sessions.js';
import { passkeySignInBody } from './passkey-fields.js';
import { PasskeySignIn } from './passkey-sign-in.service.js';

@ApiTags('sessions')
@Controller('api/sessions/passkey')
export class PasskeySignInController {
  constructor(
    private readonly passkeys: PasskeySignIn,
    private readonly accounts: SignInService,
    private readonly limits: CreationLimits,
  ) {}

  @Post('options')
  @HttpCode(200)
  @Header('cache-control', 'no-store')
  @ApiCall({
    summary: 'Options for navigator.credentials.get(), valid for five minutes',
    open: true,
    answer: z.looseObject({ challenge: z.string() }),
  })
  options() {
    return this.passkeys.options();
  }

  @Post()
  @HttpCode(200)
  @Header('cache-control', 'no-store')
  @ApiCall({
    summary: 'Sign in with the answer of navigator.credentials.get()',
    open: true,
    body: passkeySignInBody,
    answer: z.object({ token: z.string(), device_token: z.string() }),
    errors: [400, 401, 429],
  })
  async signIn(
    @Body() body: unknown,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    this.limits.takePasskey(request, reply);
    const { response } = parseBody(passkeySignInBody, body);
    const { token, email } = await this.passkeys.signIn(response, originOf(request));
    return { token, device_token: this.accounts.rememberDevice(email) };
  }
}

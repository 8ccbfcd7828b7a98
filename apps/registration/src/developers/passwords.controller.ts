import { Body, Controller, HttpCode, Post, Put, Req, Res, UseGuards } from '@nestjs/common';
import { parseBody } from '@payer/service';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ApiCall, ApiTags } from '../http/api-docs.js';
import { CreationLimits } from '../rate-limits/creation-limits.js';
import { passwordChangeBody, passwordResetBody, resetRequestBody } from './account-fields.js';
import type { SignedInRequest } from '../sessions/actor.js';
import { BearerGuard } from '../sessions/bearer.guard.js';
import { PasswordsService } from './passwords.service.js';

@ApiTags('developers')
@Controller('api')
export class PasswordsController {
  constructor(
    private readonly passwords: PasswordsService,
    private readonly limits: CreationLimits,
  ) {}

  @Put('developers/me/password')
  @HttpCode(204)
  @UseGuards(BearerGuard)
  @ApiCall({
    summary: 'Change your password; all other sessions end',
    body: passwordChangeBody,
    status: 204,
    errors: [400, 429],
  })
  async change(@Body() body: unknown, @Req() request: SignedInRequest): Promise<void> {
    const {
      current_password: current,
      new_password: next,
      device_token,
    } = parseBody(passwordChangeBody, body);
    const place = { entrance: 'api' as const, address: request.ip, knownDevice: device_token };
    await this.passwords.change(request.actor, { current, next }, place, request.sessionToken);
  }

  @Post('password-resets')
  @HttpCode(202)
  @ApiCall({
    summary: 'Ask for a link to a new password; the answer is the same whether the address has an account',
    open: true,
    body: resetRequestBody,
    status: 202,
    errors: [400, 429],
  })
  async request(
    @Body() body: unknown,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Record<string, never>> {
    const { email } = parseBody(resetRequestBody, body);
    this.limits.takeReset(request, reply);
    await this.passwords.requestReset(email);
    return {};
  }

  @Put('password-resets')
  @HttpCode(204)
  @ApiCall({
    summary: 'Set a new password with the token of the link; all sessions end',
    open: true,
    body: passwordResetBody,
    status: 204,
    errors: [400, 429],
  })
  async reset(
    @Body() body: unknown,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<void> {
    const { token, new_password } = parseBody(passwordResetBody, body);
    this.limits.takeReset(request, reply);
    await this.passwords.reset(token, new_password);
  }
}

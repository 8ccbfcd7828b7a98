import { Body, Controller, Post, Req, Res } from '@nestjs/common';
import { parseBody } from '@payer/service';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ApiCall, ApiTags } from '../http/api-docs.js';
import { CreationLimits } from '../rate-limits/creation-limits.js';
import { signUpFinishBody } from './account-fields.js';
import { accountView, viewOfAccount } from './account-view.js';
import { SignUpByMail } from './sign-up-by-mail.service.js';

/** The second step of a sign-up by mail. */
@ApiTags('developers')
@Controller('api/sign-ups')
export class SignUpByMailController {
  constructor(
    private readonly signUps: SignUpByMail,
    private readonly limits: CreationLimits,
  ) {}

  @Post()
  @ApiCall({
    summary:
      'Finish a sign-up with the token of the mail’s link and the password of the sign-up: creates the account',
    open: true,
    body: signUpFinishBody,
    status: 201,
    answer: accountView,
    errors: [400, 401, 409, 429],
  })
  async finish(
    @Body() body: unknown,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const finish = parseBody(signUpFinishBody, body);
    this.limits.takeReset(request, reply);
    const place = { entrance: 'api', address: request.ip } as const;
    return viewOfAccount((await this.signUps.finish(finish, place)).account);
  }
}

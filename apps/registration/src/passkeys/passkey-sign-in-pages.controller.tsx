import { Body, Controller, Inject, Post, Req, Res } from '@nestjs/common';
import { CONFIG, parseBody, Problem } from '@payer/service';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ApiExcludeController } from '../http/api-docs.js';
import type { Config } from '../config.js';
import { nextPage } from '../developers/next-page.js';
import { SignInPage } from '../developers/sign-in-pages.js';
import { SignInService } from '../developers/sign-in.service.js';
import { sendPortalPage } from '../http/portal-page.js';
import { CreationLimits } from '../rate-limits/creation-limits.js';
import { PageSession } from '../sessions/page-session.js';
import { originOf } from '../sessions/portal-sessions.js';
import { answerScript, credentialOf } from './credential-field.js';
import { passkeySignInBody } from './passkey-fields.js';
import { PasskeySignIn } from './passkey-sign-in.service.js';

/** The passkey's form on the sign-in page. */
@ApiExcludeController()
@Controller('sign-in/passkey')
export class PasskeySignInPagesController {
  constructor(
    private readonly passkeys: PasskeySignIn,
    private readonly accounts: SignInService,
    private readonly session: PageSession,
    private readonly limits: CreationLimits,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /** Called by the page's script: options for `navigator.credentials.get()`. */
  @Post('options')
  options(@Res() reply: FastifyReply) {
    return answerScript(reply, () => this.passkeys.options());
  }

  @Post()
  async signIn(
    @Body() body: { response?: string; next?: string } | undefined,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    this.limits.takePasskey(request, reply);
    try {
      const sent = parseBody(passkeySignInBody, { response: credentialOf(body?.response, 'get') });
      const { token, email } = await this.passkeys.signIn(sent.response, originOf(request));
      this.session.keep(reply, token);
      this.session.rememberDevice(reply, this.accounts.rememberDevice(email));
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      const page = (
        <SignInPage
          planName={this.config.PLAN_NAME}
          teamProvider={this.config.PLATFORM_PROVIDER?.name}
          errors={[{ message: error.detail }]}
          next={nextPage(body?.next)}
        />
      );
      return sendPortalPage(reply, page, error.getStatus());
    }
    return reply.redirect(nextPage(body?.next) ?? '/', 303);
  }
}

import { Body, Controller, Get, Inject, Ip, Post, Query, Req, Res } from '@nestjs/common';
import { CONFIG, parseBody, Problem } from '@payer/service';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ApiExcludeController } from '../http/api-docs.js';
import type { Config } from '../config.js';
import { CreationLimits } from '../rate-limits/creation-limits.js';
import { formErrors, formStatus, sendPortalPage } from '../http/portal-page.js';
import { signInBody, signUpBody } from './account-fields.js';
import { DevelopersService } from './developers.service.js';
import { nextPage } from './next-page.js';
import { PageSession } from '../sessions/page-session.js';
import { originOf } from '../sessions/portal-sessions.js';
import { TooManyAttempts } from '../sessions/too-many-attempts.js';
import { SignInService } from './sign-in.service.js';
import { SignInPage, SignUpPage } from './sign-in-pages.js';
import { SignUpSentPage } from './sign-up-by-mail-pages.js';

type Fields = Record<string, string | undefined>;

@ApiExcludeController()
@Controller()
export class SignInPagesController {
  private readonly planName: string;
  private readonly teamProvider: string | undefined;

  constructor(
    private readonly developers: DevelopersService,
    private readonly accounts: SignInService,
    private readonly session: PageSession,
    private readonly limits: CreationLimits,
    @Inject(CONFIG) config: Config,
  ) {
    this.planName = config.PLAN_NAME;
    this.teamProvider = config.PLATFORM_PROVIDER?.name;
  }

  @Get('sign-in')
  signInPage(@Query('next') next: unknown, @Res() reply: FastifyReply) {
    const page = (
      <SignInPage planName={this.planName} teamProvider={this.teamProvider} next={nextPage(next)} />
    );
    return sendPortalPage(reply, page);
  }

  @Post('sign-in')
  async signIn(
    @Body() body: Fields | undefined,
    @Ip() address: string,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    try {
      const knownDevice = this.session.knownDevice(request);
      const place = { entrance: 'page' as const, address, knownDevice };
      const fields = parseBody(signInBody, body);
      const { account, token } = await this.accounts.signIn(fields, place, originOf(request));
      this.session.keep(reply, token);
      this.session.rememberDevice(reply, this.accounts.rememberDevice(account.email));
    } catch (error) {
      const errors = formErrors(error);
      if (error instanceof TooManyAttempts) void reply.header('retry-after', error.retryAfter);
      return sendPortalPage(
        reply,
        <SignInPage
          planName={this.planName}
          teamProvider={this.teamProvider}
          values={body}
          errors={errors}
          next={nextPage(body?.next)}
        />,
        error instanceof Problem ? error.getStatus() : 400,
      );
    }
    return reply.redirect(nextPage(body?.next) ?? '/', 303);
  }

  @Get('sign-up')
  signUpPage(@Query('next') next: unknown, @Res() reply: FastifyReply) {
    return sendPortalPage(reply, <SignUpPage planName={this.planName} next={nextPage(next)} />);
  }

  @Post('sign-up')
  async signUp(@Body() body: Fields | undefined, @Req() request: FastifyRequest, @Res() reply: FastifyReply) {
    try {
      const fields = parseBody(signUpBody, body);
      this.limits.takeSignUp(request, reply);
      const { account, isOpen } = await this.developers.signUp(fields, nextPage(body?.next));
      if (!isOpen)
        return sendPortalPage(reply, <SignUpSentPage planName={this.planName} email={account.email} />);
      await this.session.begin(request, reply, account.id);
    } catch (error) {
      const errors = formErrors(error);
      return sendPortalPage(
        reply,
        <SignUpPage planName={this.planName} values={body} errors={errors} next={nextPage(body?.next)} />,
        formStatus(error),
      );
    }
    // A new developer creates an app first, so this page comes next.
    return reply.redirect(nextPage(body?.next) ?? '/apps/new', 303);
  }

  @Post('sign-out')
  async signOut(@Req() request: FastifyRequest, @Res() reply: FastifyReply) {
    await this.session.end(request, reply);
    return reply.redirect('/', 303);
  }
}

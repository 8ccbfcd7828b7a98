import { Body, Controller, Get, Inject, Post, Query, Req, Res } from '@nestjs/common';
import { CONFIG, parseBody, Problem } from '@payer/service';
import type { FieldError } from '@payer/ui';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ApiExcludeController } from '../http/api-docs.js';
import type { Config } from '../config.js';
import { formErrors, formStatus, sendPortalPage } from '../http/portal-page.js';
import { CreationLimits } from '../rate-limits/creation-limits.js';
import { passwordChangeBody, passwordResetBody, resetRequestBody } from './account-fields.js';
import { AccountPage, ForgotPasswordPage, ResetPasswordPage } from './account-pages.js';
import type { Actor } from '../sessions/actor.js';
import { PageSession } from '../sessions/page-session.js';
import { DataSource } from 'typeorm';
import { EmailConfirmation } from './email-confirmation.service.js';
import { PasswordsService } from './passwords.service.js';
import { PortalSessions } from '../sessions/portal-sessions.js';
import { SessionEnds } from '../sessions/session-ends.js';
import { TooManyAttempts } from '../sessions/too-many-attempts.js';

type Fields = Record<string, string | undefined>;

/** The pages for the management of the own account. */
@ApiExcludeController()
@Controller()
export class AccountPagesController {
  private readonly planName: string;

  constructor(
    private readonly passwords: PasswordsService,
    private readonly sessions: PortalSessions,
    private readonly ends: SessionEnds,
    private readonly session: PageSession,
    private readonly confirmation: EmailConfirmation,
    private readonly source: DataSource,
    private readonly limits: CreationLimits,
    @Inject(CONFIG) config: Config,
  ) {
    this.planName = config.PLAN_NAME;
  }

  @Get('account')
  async account(
    @Query('changed') changed: unknown,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    const actor = await this.session.require(request);
    return this.accountPage(request, reply, actor, {
      isChanged: changed === 'password',
      isLinkSent: changed === 'link-sent',
    });
  }

  @Post('account/password')
  async change(@Body() body: Fields | undefined, @Req() request: FastifyRequest, @Res() reply: FastifyReply) {
    const actor = await this.session.require(request);
    try {
      const { current_password: current, new_password: next } = parseBody(passwordChangeBody, body);
      const place = {
        entrance: 'page' as const,
        address: request.ip,
        knownDevice: this.session.knownDevice(request),
      };
      await this.passwords.change(actor, { current, next }, place, this.session.token(request) ?? '');
    } catch (error) {
      if (error instanceof TooManyAttempts) void reply.header('retry-after', error.retryAfter);
      const isWrong = error instanceof Problem && error.code === 'wrong_credentials';
      const errors = isWrong
        ? [{ field: 'current_password', message: 'The current password is wrong' }]
        : formErrors(error);
      return this.accountPage(request, reply, actor, { errors, status: formStatus(error) });
    }
    return reply.redirect('/account?changed=password', 303);
  }

  @Post('account/sessions')
  async end(@Body() body: Fields | undefined, @Req() request: FastifyRequest, @Res() reply: FastifyReply) {
    const actor = await this.session.require(request);
    if (body?.all) {
      await this.ends.endAll(actor);
      return reply.redirect('/sign-in', 303);
    }
    await this.ends.endOne(actor, body?.id ?? '');
    return reply.redirect('/account', 303);
  }

  @Get('forgot-password')
  forgotPage(@Res() reply: FastifyReply) {
    return sendPortalPage(reply, <ForgotPasswordPage planName={this.planName} />);
  }

  @Post('forgot-password')
  async forgot(@Body() body: Fields | undefined, @Req() request: FastifyRequest, @Res() reply: FastifyReply) {
    try {
      const { email } = parseBody(resetRequestBody, body);
      this.limits.takeReset(request, reply);
      await this.passwords.requestReset(email);
    } catch (error) {
      const page = <ForgotPasswordPage planName={this.planName} errors={formErrors(error)} />;
      return sendPortalPage(reply, page, formStatus(error));
    }
    return sendPortalPage(reply, <ForgotPasswordPage planName={this.planName} isSent />);
  }

  @Get('reset-password')
  resetPage(@Query('token') token: unknown, @Res() reply: FastifyReply) {
    // The URL contains the token, and no other site may learn it from a Referer field.
    void reply.header('referrer-policy', 'same-origin');
    const page = (
      <ResetPasswordPage planName={this.planName} token={typeof token === 'string' ? token : ''} />
    );
    return sendPortalPage(reply, page);
  }

  @Post('reset-password')
  async reset(@Body() body: Fields | undefined, @Req() request: FastifyRequest, @Res() reply: FastifyReply) {
    try {
      const { token, new_password } = parseBody(passwordResetBody, body);
      this.limits.takeReset(request, reply);
      await this.passwords.reset(token, new_password);
    } catch (error) {
      const errors = formErrors(error);
      const page = <ResetPasswordPage planName={this.planName} token={body?.token ?? ''} errors={errors} />;
      return sendPortalPage(reply, page, formStatus(error));
    }
    return reply.redirect('/sign-in', 303);
  }

  private async accountPage(
    request: FastifyRequest,
    reply: FastifyReply,
    actor: Actor,
    {
      errors,
      status,
      ...done
    }: { errors?: FieldError[]; status?: number; isChanged?: boolean; isLinkSent?: boolean },
  ) {
    const sessions = await this.sessions.list(actor.id, this.session.token(request));
    const page = (
      <AccountPage
        planName={this.planName}
        actor={actor}
        sessions={sessions}
        errors={errors}
        isConfirmed={await this.confirmation.isConfirmed(this.source, actor.id)}
        {...done}
      />
    );
    return sendPortalPage(reply, page, status);
  }
}

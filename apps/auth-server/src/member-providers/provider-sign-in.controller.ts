import { Controller, Get, Inject, Param, Post, Query, Req, Res } from '@nestjs/common';
import { CONFIG, countSignIn } from '@payer/service';
import { environmentPath, type Environment } from '@payer/smart';
import { languageOf } from '@payer/ui';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { DataSource } from 'typeorm';
import { Apps } from '../clients/apps.js';
import type { Config } from '../config.js';
import { Interactions, redirect } from '../sign-in/interactions.js';
import { SignInRecords } from '../sign-in/sign-in-records.js';
import { memberOfSubject } from './identities.js';
import { leavingLifetime, MemberProviders } from './member-providers.js';
import { renderNotCoveredPage } from './not-covered-page.js';
import { issueTicket, redeemTicket } from './sign-in-tickets.js';

const leavingCookie = (environment: Environment) => `auth_leaving_${environment}`;
const callbackPath = (environment: Environment) => `/${environment}/provider-callback`;

/** Signs a member in at a provider of the plan, and returns to the interaction. */
@Controller(environmentPath)
export class ProviderSignInController {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly source: DataSource,
    private readonly apps: Apps,
    private readonly providers: MemberProviders,
    private readonly interactions: Interactions,
    private readonly records: SignInRecords,
  ) {}

  @Post('interaction/:uid/providers/:provider')
  async leave(
    @Param('environment') environment: Environment,
    @Param('provider') id: string,
    @Query('again') again: string | undefined,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    const details = await this.interactions.find(environment, request, reply, 'repeat');
    if (!details) return reply;
    const rule = this.providers.find(environment, id);
    if (!rule) return this.interactions.problem(request, reply, environment, 404, 'error.noSignIn');
    const maxAge = Number(details.params.max_age);
    let left;
    try {
      left = await this.providers.leave(rule, details.uid, {
        uiLocales: languageOf(request, details.params.ui_locales),
        ...(details.params.max_age !== undefined && Number.isInteger(maxAge) ? { maxAge } : {}),
        isAgain: again !== undefined,
      });
    } catch (error) {
      request.log.error({ reason: (error as Error).message, provider: id }, 'a provider does not answer');
      void reply.header('retry-after', '5');
      return this.interactions.problem(request, reply, environment, 503, 'signIn.provider.problem');
    }
    void reply.setCookie(leavingCookie(environment), left.kept, {
      path: callbackPath(environment),
      httpOnly: true,
      sameSite: 'lax',
      secure: this.config.AUTH_SERVER_URL.startsWith('https:'),
      maxAge: leavingLifetime,
    });
    return redirect(reply, left.location);
  }

  /** The redirect URI at the provider. */
  @Get('provider-callback/:provider')
  async comeBack(
    @Param('environment') environment: Environment,
    @Param('provider') id: string,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    const kept = request.cookies[leavingCookie(environment)] ?? '';
    void reply.clearCookie(leavingCookie(environment), { path: callbackPath(environment) });
    const rule = this.providers.find(environment, id);
    let signIn;
    try {
      if (!rule) throw new Error('there is no such provider');
      signIn = await this.providers.comeBack(rule, request.url.split('?')[1] ?? '', kept);
    } catch (error) {
      request.log.warn({ reason: (error as Error).message, provider: id }, 'a sign-in was refused');
      countSignIn('member', environment, 'failure');
      return this.interactions.problem(request, reply, environment, 400, 'signIn.provider.problem');
    }
    const { uid, subject, ...how } = signIn;
    const sub = (await memberOfSubject(this.source, environment, id, subject)) ?? null;
    const ticket = await issueTicket(this.source, environment, { uid, provider: id, sub, ...how });
    return redirect(reply, `/${environment}/interaction/${uid}/provider?ticket=${ticket}`);
  }

  /** Finishes the sign-in in its interaction, which belongs to this browser only. */
  @Get('interaction/:uid/provider')
  async finish(
    @Param('environment') environment: Environment,
    @Query('ticket') token: unknown,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    const details = await this.interactions.find(environment, request, reply, 'repeat');
    if (!details) return reply;
    const ticket =
      typeof token === 'string'
        ? await redeemTicket(this.source, environment, token, details.uid)
        : undefined;
    if (!ticket)
      return this.interactions.problem(request, reply, environment, 400, 'signIn.provider.problem');
    const action = ticket.sub ? 'signed-in' : 'sign-in-refused';
    await this.records.keep(environment, action, ticket.sub ?? undefined, details, {
      provider: ticket.provider,
    });
    countSignIn('member', environment, ticket.sub ? 'success' : 'failure');
    if (!ticket.sub) {
      void reply.code(403);
      return this.interactions.send(
        reply,
        renderNotCoveredPage({
          texts: this.interactions.textsOf(request, details),
          planName: this.config.PLAN_NAME,
          contact: this.config.PLAN_CONTACT,
          environment,
          cancelAction: `/${environment}/interaction/${details.uid}/cancel`,
          hasApp: (await this.apps.find(String(details.params.client_id))) !== undefined,
        }),
      );
    }
    await this.interactions.endSessionOfAnother(environment, details, ticket.sub, request, reply);
    const { acr, amr, authTime: ts } = ticket;
    return this.interactions.resume(environment, request, reply, {
      login: { accountId: ticket.sub, remember: false, acr, amr, ts },
    });
  }
}

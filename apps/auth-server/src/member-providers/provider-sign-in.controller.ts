import { Controller, Get, Inject, Param, Post, Query, Req, Res } from '@nestjs/common';
import { CONFIG, countSignIn } from '@payer/service';
import { environmentPath, type Environment } from '@payer/smart';
import { languageOf } from '@payer/ui';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { DataSource } from 'typeorm';
import { Apps } from '../clients/apps.js';
import type { Config } from '../config.js';
import { Interactions, redirect, type InteractionDetails } from '../interactions/interactions.js';
import { SignInRecords } from '../interactions/sign-in-records.js';
import { memberOfSubject } from './identities.js';
import { MemberProviders } from './member-providers.js';
import { renderNotCoveredPage } from './not-covered-page.js';
import { leavingLifetime, type Leaving } from './protocol/leaving.js';
import { RefusedAnswer } from './protocol/sign-in-protocol.js';
import type { MemberProviderRule } from './rules/provider-rules.js';
import { renderProviderRefusedPage } from './provider-refused-page.js';
import { ProviderSignOut } from './provider-sign-out.js';
import { issueSignIn, redeemSignIn, type SignInTicket } from './sign-in-tickets.js';

const leavingCookie = (environment: Environment) => `auth_leaving_${environment}`;
const callbackPath = (environment: Environment) => `/${environment}/provider-callback`;

/** Reasons for which no sign-in at a provider follows, and their texts for the app's developer. */
const endings: Readonly<Record<string, string>> = {
  'not-covered': 'the health plan that this server serves does not cover this person',
  refused: "the sign-in at the health plan's provider failed, or its answer was refused",
};

/** `prompt=login` asks for a new sign-in, at the provider too (OpenID Connect Core §3.1.2.1). */
const asksForSignIn = (prompt: unknown): boolean =>
  String(prompt ?? '')
    .split(' ')
    .includes('login');

/** Signs a member in at a provider of the plan, and returns to the interaction. */
@Controller(environmentPath)
export class ProviderSignInController {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly source: DataSource,
    private readonly apps: Apps,
    private readonly providers: MemberProviders,
    private readonly signOut: ProviderSignOut,
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
        isAgain: again !== undefined || asksForSignIn(details.params.prompt),
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

  /** The redirect URI at an OpenID Connect provider, and the second step of a SAML response. */
  @Get('provider-callback/:provider')
  async comeBack(
    @Param('environment') environment: Environment,
    @Param('provider') id: string,
    @Query('state') state: unknown,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    const kept = request.cookies[leavingCookie(environment)] ?? '';
    const rule = this.providers.find(environment, id);
    const leaving = rule && this.leftWith(rule, kept, state, request);
    if (!rule || !leaving) {
      countSignIn('member', environment, 'failure');
      return this.interactions.problem(request, reply, environment, 400, 'signIn.provider.problem');
    }
    // Only now: the cookie may belong to a later sign-in in another tab.
    void reply.clearCookie(leavingCookie(environment), { path: callbackPath(environment) });
    const { uid } = leaving;
    const ticket = await issueSignIn(this.source, environment, {
      uid,
      provider: id,
      ...(await this.signInOf(rule, leaving, request, reply)),
    });
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
        ? await redeemSignIn(this.source, environment, token, details.uid)
        : undefined;
    if (!ticket)
      return this.interactions.problem(request, reply, environment, 400, 'signIn.provider.problem');
    const action = ticket.sub ? 'signed-in' : 'sign-in-refused';
    await this.records.keep(environment, action, ticket.sub ?? undefined, details, {
      provider: ticket.provider,
    });
    countSignIn('member', environment, ticket.sub ? 'success' : 'failure');
    if (!ticket.sub) return this.noSignInPage(environment, ticket, details, request, reply);
    await this.interactions.endSessionOfAnother(environment, details, ticket.sub, request, reply);
    const { acr, amr, authTime: ts } = ticket;
    return this.interactions.resume(environment, request, reply, {
      login: { accountId: ticket.sub, remember: false, acr, amr, ts },
    });
  }

  /** Returns to the app, which gets `access_denied` (RFC 6749 §4.1.2.1) and the reason. */
  @Post('interaction/:uid/no-sign-in/:reason')
  async giveUp(
    @Param('environment') environment: Environment,
    @Param('reason') reason: string,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    const details = await this.interactions.find(environment, request, reply, 'repeat');
    if (!details) return reply;
    return this.interactions.resume(environment, request, reply, {
      error: 'access_denied',
      error_description: (Object.hasOwn(endings, reason) && endings[reason]) || endings.refused,
    });
  }

  /** The state of this browser, if the answer belongs to it. */
  private leftWith(
    rule: MemberProviderRule,
    kept: string,
    state: unknown,
    request: FastifyRequest,
  ): Leaving | undefined {
    try {
      const leaving = this.providers.left(rule, kept);
      if (leaving.state === state) return leaving;
      throw new Error('the answer belongs to another browser or sign-in');
    } catch (error) {
      const reason = (error as Error).message;
      request.log.warn({ reason, provider: rule.id }, 'a sign-in was refused');
      return undefined;
    }
  }

  /** The member that the provider's answer names, or the refusal of the answer. */
  private async signInOf(
    rule: MemberProviderRule,
    leaving: Leaving,
    request: FastifyRequest,
    reply: FastifyReply,
  ): Promise<Omit<SignInTicket, 'uid' | 'provider'>> {
    try {
      const answer = await this.providers.comeBack(rule, request.url.split('?')[1] ?? '', leaving);
      const { subject, session, ...how } = answer;
      const { environment, id: provider } = rule;
      const sub = await memberOfSubject(this.source, environment, provider, subject);
      if (sub && session) await this.signOut.remember(reply, environment, { provider, sub, session });
      return { sub: sub ?? null, ...how };
    } catch (error) {
      if (!(error instanceof RefusedAnswer)) throw error;
      request.log.warn({ reason: error.message, provider: rule.id }, 'a sign-in was refused');
      return { sub: null, isRefused: true };
    }
  }

  private async noSignInPage(
    environment: Environment,
    { isRefused }: SignInTicket,
    details: InteractionDetails,
    request: FastifyRequest,
    reply: FastifyReply,
  ) {
    void reply.code(isRefused ? 400 : 403);
    const interaction = `/${environment}/interaction/${details.uid}`;
    const page = {
      texts: this.interactions.textsOf(request, details),
      planName: this.config.PLAN_NAME,
      contact: this.config.PLAN_CONTACT,
      environment,
      leaveAction: `${interaction}/no-sign-in/${isRefused ? 'refused' : 'not-covered'}`,
      hasApp: (await this.apps.find(String(details.params.client_id))) !== undefined,
    };
    const html = isRefused
      ? renderProviderRefusedPage({ ...page, signInPage: interaction })
      : renderNotCoveredPage(page);
    return this.interactions.send(reply, html);
  }
}

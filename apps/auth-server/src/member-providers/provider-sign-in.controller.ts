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
import type { Leaving } from './protocol/leaving.js';
import { RefusedAnswer, type ProviderSignIn } from './protocol/sign-in-protocol.js';
import type { MemberProviderRule } from '../member-provider-rules/provider-rules.js';
import { renderProviderRefusedPage } from './provider-refused-page.js';
import { ProviderSignOut } from './provider-sign-out.js';

/** The sign-in that an answer gives. `sub` is missing when the roster does not contain the subject. */
type FoundSignIn = Partial<Omit<ProviderSignIn, 'subject' | 'session'>> & { sub?: string; isRefused?: true };

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

/** `max_age` of the app's request, in seconds (OpenID Connect Core §3.1.2.1). */
function maxAgeOf({ params }: InteractionDetails): number | undefined {
  const maxAge = Number(params.max_age);
  return params.max_age !== undefined && Number.isInteger(maxAge) ? maxAge : undefined;
}

const queryOf = ({ url }: FastifyRequest): string => url.slice(url.indexOf('?') + 1);

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
    const maxAge = maxAgeOf(details);
    try {
      const location = await this.providers.leave(rule, details.uid, {
        uiLocales: languageOf(request, details.params.ui_locales),
        ...(maxAge === undefined ? {} : { maxAge }),
        isAgain: again !== undefined || asksForSignIn(details.params.prompt),
      });
      return await redirect(reply, location);
    } catch (error) {
      request.log.error({ reason: (error as Error).message, provider: id }, 'a provider does not answer');
      void reply.header('retry-after', '5');
      return this.interactions.problem(request, reply, environment, 503, 'signIn.provider.problem');
    }
  }

  /**
   * The redirect URI at an OpenID Connect provider, and the second step of a SAML response. The browser sends
   * the engine's cookie to the pages of its interaction only, so the answer is taken there.
   */
  @Get('provider-callback/:provider')
  async comeBack(
    @Param('environment') environment: Environment,
    @Param('provider') id: string,
    @Query('state') state: unknown,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    const leaving = this.leftWith(environment, id, state, request);
    if (!leaving) return this.strangeAnswer(environment, request, reply);
    return redirect(
      reply,
      `/${environment}/interaction/${leaving.uid}/providers/${id}/answer?${queryOf(request)}`,
    );
  }

  /** Finishes the sign-in in its interaction, which belongs to this browser only. */
  @Get('interaction/:uid/providers/:provider/answer')
  async finish(
    @Param('environment') environment: Environment,
    @Param('provider') id: string,
    @Query('state') state: unknown,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    const details = await this.interactions.find(environment, request, reply, 'repeat');
    if (!details) return reply;
    const rule = this.providers.find(environment, id);
    const leaving = this.leftWith(environment, id, state, request);
    if (!rule || leaving?.uid !== details.uid) return this.strangeAnswer(environment, request, reply);
    const found = await this.signInOf(rule, leaving, details, request, reply);
    // The same answer has come twice, and the other request has signed the member in.
    if (!found.sub && (await this.interactions.isSignedIn(environment, details.uid)))
      return redirect(reply, details.returnTo);
    const { sub } = found;
    const action = sub ? 'signed-in' : 'sign-in-refused';
    await this.records.keep(this.source, environment, action, sub, details, { provider: id });
    countSignIn('member', environment, sub ? 'success' : 'failure');
    if (!sub) return this.noSignInPage(environment, found.isRefused === true, details, request, reply);
    await this.interactions.endSessionOfAnother(environment, details, sub, request, reply);
    const { acr, amr, authTime: ts } = found;
    return this.interactions.resume(request, reply, {
      login: { accountId: sub, remember: false, acr, amr, ts },
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
    return this.interactions.resume(request, reply, {
      error: 'access_denied',
      error_description: (Object.hasOwn(endings, reason) && endings[reason]) || endings.refused,
    });
  }

  /** The sign-in that an answer belongs to. Undefined for a state that this service did not make. */
  private leftWith(
    environment: Environment,
    provider: string,
    state: unknown,
    request: FastifyRequest,
  ): Leaving | undefined {
    try {
      const rule = this.providers.find(environment, provider);
      if (!rule) throw new Error('no such provider');
      return this.providers.left(rule, typeof state === 'string' ? state : '');
    } catch (error) {
      request.log.warn({ reason: (error as Error).message, provider }, 'a sign-in was refused');
      return undefined;
    }
  }

  private strangeAnswer(environment: Environment, request: FastifyRequest, reply: FastifyReply) {
    countSignIn('member', environment, 'failure');
    return this.interactions.problem(request, reply, environment, 400, 'signIn.provider.problem');
  }

  /** The member that the provider's answer names, or the refusal of the answer. */
  private async signInOf(
    rule: MemberProviderRule,
    leaving: Leaving,
    details: InteractionDetails,
    request: FastifyRequest,
    reply: FastifyReply,
  ): Promise<FoundSignIn> {
    try {
      const answer = await this.providers.comeBack(rule, queryOf(request), leaving, maxAgeOf(details));
      const { subject, session, ...how } = answer;
      const { environment, id: provider } = rule;
      const sub = await memberOfSubject(this.source, environment, provider, subject);
      if (sub && session) await this.signOut.remember(reply, environment, { provider, sub, session });
      return { sub, ...how };
    } catch (error) {
      if (!(error instanceof RefusedAnswer)) throw error;
      request.log.warn({ reason: error.message, provider: rule.id }, 'a sign-in was refused');
      return { isRefused: true };
    }
  }

  private async noSignInPage(
    environment: Environment,
    isRefused: boolean,
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

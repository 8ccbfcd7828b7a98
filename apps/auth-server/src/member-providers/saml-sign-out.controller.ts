import { Controller, Get, Param, Req, Res } from '@nestjs/common';
import { environmentPath, type Environment } from '@payer/smart';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Interactions } from '../interactions/interactions.js';
import { EndedSessions } from './ended-sessions.js';
import { MemberProviders } from './member-providers.js';
import { RefusedAnswer } from './protocol/sign-in-protocol.js';
import type { SamlProviderRule } from '../member-provider-rules/provider-rules.js';
import type { SignOutRequest } from './saml/saml-sign-out.js';

/** The single logout service for SAML providers (SAML Profiles §4.4), binding HTTP-Redirect. */
@Controller(`${environmentPath}/provider-callback/:provider/single-logout`)
export class SamlSignOutController {
  constructor(
    private readonly providers: MemberProviders,
    private readonly endedSessions: EndedSessions,
    private readonly interactions: Interactions,
  ) {}

  /** Takes the provider's answer to a sign-out that began here, and its request for one that began there. */
  @Get()
  async receive(
    @Param('environment') environment: Environment,
    @Param('provider') id: string,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    void reply.header('cache-control', 'no-store');
    const rule = this.providers.findSaml(environment, id);
    if (!rule?.sign_out_url)
      return this.interactions.problem(request, reply, environment, 404, 'error.notFound.text');
    const mark = request.url.indexOf('?');
    const query = mark < 0 ? '' : request.url.slice(mark + 1);
    return /(^|&)SAMLResponse=/.test(query)
      ? this.comeBack(rule, query, request, reply)
      : this.signOut(rule, query, request, reply);
  }

  /** The session here has ended before the browser left, whatever the provider answers. */
  private async comeBack(
    rule: SamlProviderRule,
    query: string,
    request: FastifyRequest,
    reply: FastifyReply,
  ) {
    try {
      await this.providers.saml.signOut.checkAnswer(rule, query);
    } catch (error) {
      const reason = (error as Error).message;
      request.log.warn({ reason, provider: rule.id }, 'a provider has not confirmed a sign-out');
    }
    return reply.redirect(`/${rule.environment}/provider-callback/${rule.id}/signed-out`, 303);
  }

  private async signOut(rule: SamlProviderRule, query: string, request: FastifyRequest, reply: FastifyReply) {
    const { signOut } = this.providers.saml;
    const warn = (error: unknown) =>
      request.log.warn(
        { reason: (error as Error).message, provider: rule.id },
        'a logout of a provider was not carried out',
      );
    let asked: SignOutRequest;
    try {
      asked = await signOut.receive(rule, query);
    } catch (error) {
      warn(error);
      return this.interactions.problem(request, reply, rule.environment, 400, 'error.notFound.text');
    }
    try {
      const { id, nameId: subject, sessionIndexes, expiresAt } = asked;
      const sids = sessionIndexes.length > 0 ? sessionIndexes : [undefined];
      const logouts = sids.map((sid) => ({ subject, sid }));
      await this.endedSessions.end(rule, logouts, { id, expiresAt });
    } catch (error) {
      warn(error);
      if (error instanceof RefusedAnswer)
        return this.interactions.problem(request, reply, rule.environment, 400, 'error.notFound.text');
      // The provider tells the member that the sign-out is not complete.
      return reply.redirect(await signOut.answer(rule, asked, false), 303);
    }
    return reply.redirect(await signOut.answer(rule, asked, true), 303);
  }
}

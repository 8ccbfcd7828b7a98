import { Body, Controller, Get, Param, Post, Req, Res } from '@nestjs/common';
import { countSignIn } from '@payer/service';
import { environmentPath, type Environment } from '@payer/smart';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Interactions, redirect } from '../interactions/interactions.js';
import { MemberProviders } from './member-providers.js';
import { RefusedAnswer } from './protocol/sign-in-protocol.js';

/** The characters of a RelayState that this service made. */
const relayState = /^[\w.-]{20,80}$/;

/** Addresses that a SAML identity provider uses: the assertion consumer service, and the metadata. */
@Controller(`${environmentPath}/provider-callback/:provider`)
export class SamlController {
  constructor(
    private readonly providers: MemberProviders,
    private readonly interactions: Interactions,
  ) {}

  /**
   * The assertion consumer service. It leads to the callback by GET, so that the browser sends the cookie of
   * the interaction.
   */
  @Post()
  async receive(
    @Param('environment') environment: Environment,
    @Param('provider') id: string,
    @Body() body: { SAMLResponse?: unknown; RelayState?: unknown } | undefined,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    const rule = this.providers.findSaml(environment, id);
    const state = body?.RelayState;
    const response = body?.SAMLResponse;
    if (!rule || typeof state !== 'string' || !relayState.test(state) || typeof response !== 'string') {
      request.log.warn({ provider: id }, 'a SAML response answers no request');
      countSignIn('member', environment, 'failure');
      return this.interactions.problem(request, reply, environment, 400, 'signIn.provider.problem');
    }
    let result: string;
    try {
      result = `answer=${await this.providers.saml.receive(rule, response, state)}`;
    } catch (error) {
      if (!(error instanceof RefusedAnswer)) throw error;
      request.log.warn({ reason: error.message, provider: id }, 'a SAML response was refused');
      result = 'error=access_denied';
    }
    return redirect(reply, `/${environment}/provider-callback/${id}?state=${state}&${result}`);
  }

  @Get('metadata')
  async metadata(
    @Param('environment') environment: Environment,
    @Param('provider') id: string,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    const rule = this.providers.findSaml(environment, id);
    if (!rule) return this.interactions.problem(request, reply, environment, 404, 'error.notFound.text');
    return reply.type('application/samlmetadata+xml').send(await this.providers.saml.metadata(rule));
  }
}

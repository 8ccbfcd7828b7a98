import { Body, Controller, HttpCode, Param, Post, Req, Res } from '@nestjs/common';
import { environmentPath, type Environment } from '@payer/smart';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ClientAuthentication, type Client } from '../client-authentication/client-authentication.js';
import { EventFreshness } from '../event-freshness.js';
import { refusalText } from '../engine/refusal-texts.js';
import { staleRetryAfter } from '../engine/token-answers.js';
import { FindToken, type LiveToken } from './find-token.js';
import { tokenParameter } from '../http/refuse-client.js';

/**
 * RFC 7662. An app may introspect its own tokens, a resource server any access token. Every other token is
 * not active.
 */
@Controller(`${environmentPath}/introspect`)
export class IntrospectController {
  constructor(
    private readonly clients: ClientAuthentication,
    private readonly tokens: FindToken,
    private readonly freshness: EventFreshness,
  ) {}

  @Post()
  @HttpCode(200)
  async introspect(
    @Param('environment') environment: Environment,
    @Body() body: unknown,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const { client, refusal } = await this.clients.authenticateAt('introspect', environment, request, reply);
    if (refusal) return refusal;
    const token = tokenParameter(body, request, reply);
    if (typeof token !== 'string') return token;
    let live: LiveToken | undefined;
    const isDecided = await this.freshness.decide(async () => {
      live = await this.tokens.find(environment, token);
    });
    // On outdated facts both answers could be wrong: "active" as well as "inactive".
    if (!isDecided) {
      void reply.code(503).header('retry-after', String(staleRetryAfter));
      return {
        error: 'temporarily_unavailable',
        error_description: refusalText('temporarily_unavailable'),
      };
    }
    if (!live || !mayIntrospect(client, live)) return { active: false };
    return { active: true, ...live.claims };
  }
}

/**
 * An app learns about its own tokens. A resource server learns about access tokens only: a refresh token
 * opens no resource (RFC 6749 §1.5), so a resource server must not take it for an access token.
 */
function mayIntrospect(client: Client, token: LiveToken): boolean {
  return 'app' in client ? client.app.client_id === token.clientId : token.kind === 'access_token';
}

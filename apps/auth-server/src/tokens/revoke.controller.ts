import { Body, Controller, HttpCode, Param, Post, Req, Res } from '@nestjs/common';
import { newEvents, whenRelayed } from '@payer/events';
import { recordAndTellAudit, rowsOf } from '@payer/service';
import { environmentPath, type CloudEvent, type Environment } from '@payer/smart';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { DataSource, type EntityManager } from 'typeorm';
import { ClientAuthentication } from '../client-authentication/client-authentication.js';
import { tokenEnd } from '../grants/token-revocation.js';
import { revokeGrant } from '../grants/revoke-grant.js';
import { countRefusal } from '../metrics/oauth-metrics.js';
import { FindToken, type LiveToken } from './find-token.js';
import { tokenParameter } from '../http/refuse-client.js';

/**
 * RFC 7009. A refresh token revokes its whole grant, also after its rotation. An access token revokes only
 * itself. An unknown token counts as revoked, and the token of another app is refused (§2.1).
 */
@Controller(`${environmentPath}/revoke`)
export class RevokeController {
  constructor(
    private readonly source: DataSource,
    private readonly clients: ClientAuthentication,
    private readonly tokens: FindToken,
  ) {}

  @Post()
  @HttpCode(200)
  async answer(
    @Param('environment') environment: Environment,
    @Body() body: unknown,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const { app, refusal } = await this.clients.authenticateApp('revoke', environment, request, reply);
    if (refusal) return refusal;
    const token = tokenParameter(body, request, reply);
    if (typeof token !== 'string') return token;
    const live = await this.tokens.findIssued(environment, token);
    if (!live) return {};
    if (live.clientId !== app.client_id) return refuseForeignToken(reply, environment);
    await this.revoke(environment, live);
    return {};
  }

  private async revoke(environment: Environment, token: LiveToken): Promise<void> {
    const event = await this.source.transaction((manager) => this.revokeIn(manager, environment, token));
    if (event) await whenRelayed(this.source, [event]);
  }

  /** @returns the published event, unless the token or its grant was revoked before */
  private async revokeIn(
    manager: EntityManager,
    environment: Environment,
    token: LiveToken,
  ): Promise<CloudEvent | undefined> {
    if (token.kind === 'refresh_token' && token.grantId)
      return revokeGrant(manager, {
        environment,
        grantId: token.grantId,
        clientId: token.clientId,
        reason: 'app',
      });
    const marked = await rowsOf(
      manager,
      `INSERT INTO revoked_token (jti, environment, client_id, grant_id, expires_at)
       VALUES ($1, $2, $3, $4, to_timestamp($5)) ON CONFLICT DO NOTHING RETURNING jti`,
      [token.jti, environment, token.clientId, token.grantId ?? null, token.expiresAt],
    );
    if (marked.length === 0) return undefined;
    const { clientId, jti, grantId = null } = token;
    const expiresAt = new Date(token.expiresAt * 1000);
    const [event] = newEvents('token-revoked', [
      tokenEnd({ environment, clientId, jti, grantId, expiresAt }),
    ]);
    const fact = {
      action: 'token-revoked' as const,
      actor_role: 'app' as const,
      actor: token.clientId,
      environment,
      client_id: token.clientId,
      grant_id: token.grantId ?? null,
      detail: { jti: token.jti },
    };
    await recordAndTellAudit(manager, 'auth-server', [fact], [event!]);
    return event;
  }
}

/** RFC 7009 §2.1: the request is refused when the token was issued to another client. */
function refuseForeignToken(reply: FastifyReply, environment: Environment) {
  countRefusal(environment, 'revoke', 'invalid_grant');
  void reply.code(400);
  return {
    error: 'invalid_grant',
    error_description: 'the token was issued to another app; send the client_id of the app that received it',
  };
}

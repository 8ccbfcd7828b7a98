import { Body, Controller, HttpCode, Inject, Param, Post, Req, Res } from '@nestjs/common';
import { newEvents, whenRelayed } from '@payer/events';
import { CONFIG, recordAndTellAudit, rowsOf } from '@payer/service';
import { environmentPath, type CloudEvent, type Environment } from '@payer/smart';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { DataSource, type EntityManager } from 'typeorm';
import { Apps } from '../clients/apps.js';
import type { Config } from '../config.js';
import { tokenEnd } from '../facts/revocation-facts.js';
import { endGrantAndTell } from '../grants/end-grant.js';
import { authenticateCaller } from './caller.js';
import { FindToken, type LiveToken } from './find-token.js';
import { refuseCaller, tokenParameter } from './oauth-error.js';

/**
 * RFC 7009. A refresh token ends its whole grant, an access token only itself. An unknown token counts as
 * revoked.
 */
@Controller(`${environmentPath}/revoke`)
export class RevokeController {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly source: DataSource,
    private readonly apps: Apps,
    private readonly tokens: FindToken,
  ) {}

  @Post()
  @HttpCode(200)
  async revoke(
    @Param('environment') environment: Environment,
    @Body() body: unknown,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    void reply.header('cache-control', 'no-store').header('pragma', 'no-cache');
    const caller = await authenticateCaller(
      this.apps,
      environment,
      this.config.INTROSPECTION_TOKEN,
      request.headers.authorization,
    );
    if (!caller || !('app' in caller)) return refuseCaller(reply, this.config, environment, 'revoke');
    const token = tokenParameter(body, reply);
    if (typeof token !== 'string') return token;
    const live = await this.tokens.findIssued(environment, token);
    if (live && live.clientId === caller.app.client_id) await this.end(environment, live);
    return {};
  }

  private async end(environment: Environment, token: LiveToken): Promise<void> {
    const event = await this.source.transaction((manager) => this.endIn(manager, environment, token));
    if (event) await whenRelayed(this.source, [event]);
  }

  /** @returns the published event, unless the token or its grant was revoked before */
  private async endIn(
    manager: EntityManager,
    environment: Environment,
    token: LiveToken,
  ): Promise<CloudEvent | undefined> {
    if (token.kind === 'refresh_token' && token.grantId)
      return endGrantAndTell(manager, {
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

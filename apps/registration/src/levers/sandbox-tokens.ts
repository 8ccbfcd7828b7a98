import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, addressesFrom, Problem } from '@payer/service';
import { endpoints, type Environment } from '@payer/smart';
import { z } from 'zod';
import { PortalAccess } from '../apps/portal-access.js';
import type { Config } from '../config.js';
import { PlatformHttp, type PlatformAnswer } from '../http/platform-http.js';
import type { ExpiredToken } from './lever-fields.js';

const introspection = z.object({
  active: z.boolean(),
  token_type: z.string().optional(),
  jti: z.string().optional(),
  grant_id: z.string().optional(),
});

/**
 * Revokes access tokens of an app in the sandbox as the app itself would (RFC 7662, RFC 7009), with the
 * portal's secret for the app. The secret is valid in the sandbox only, so no token of production is reached.
 */
@Injectable()
export class SandboxTokens {
  constructor(
    private readonly http: PlatformHttp,
    private readonly access: PortalAccess,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /**
   * @param environments where levers exist and the app may be
   * @throws Problem 400 `token_not_active` for a token that is no live access token of the app in the sandbox
   * @throws Problem 503 when auth-server does not answer
   */
  async revoke(
    clientId: string,
    token: string,
    environments: readonly Environment[],
  ): Promise<ExpiredToken & { environment: Environment }> {
    if (!/^[\w-]+\.[\w-]+\.[\w-]+$/.test(token))
      throw notActive('This is no access token: an access token has three parts with dots between them.');
    for (const environment of environments) {
      const { introspection_endpoint, revocation_endpoint } = endpoints(
        addressesFrom(this.config)[environment],
      );
      const answer = await this.send(clientId, introspection_endpoint, token);
      const found = introspection.safeParse(JSON.parse(answer.body)).data;
      if (!found?.active) continue;
      if (!found.token_type || !found.jti)
        throw notActive('This is a refresh token. Paste the access token, or end the grant.');
      await this.send(clientId, revocation_endpoint, token);
      return { jti: found.jti, grant_id: found.grant_id ?? null, environment };
    }
    throw notActive('This is no live access token of this app in the sandbox.');
  }

  private async send(clientId: string, url: string, token: string): Promise<PlatformAnswer> {
    const basic = Buffer.from(`${clientId}:${this.access.secretOf(clientId)}`).toString('base64');
    const answer = await this.http
      .send({
        method: 'POST',
        url,
        headers: {
          'content-type': 'application/x-www-form-urlencoded',
          authorization: `Basic ${basic}`,
        },
        body: new URLSearchParams({ token }).toString(),
      })
      .catch(() => undefined);
    if (answer?.status === 200) return answer;
    // RFC 7009 §2.1: the token of another app.
    if (answer?.status === 400) throw notActive('This is no access token of this app.');
    throw new Problem(503, 'unavailable', 'auth-server does not answer now. Try again in a minute.');
  }
}

const notActive = (message: string) =>
  new Problem(400, 'token_not_active', message, [{ field: 'access_token', message }]);

import { decodeJwt } from 'jose';
import type { App } from '@payer/journey';
import type { RunningSystem } from '@payer/local';
import { rows } from './checks.js';

/** Ways in which one grant, or one token, is revoked. The member's own click is in `story.ts`. */
export const endKinds = [
  'disconnect',
  'refresh token revoked',
  'refresh token reused',
  'access token revoked',
] as const;
export type EndKind = (typeof endKinds)[number];

/** Whether the kind revokes the whole grant; only the last kind revokes a single token. */
export const endsGrant = (kind: EndKind) => kind !== 'access token revoked';

/**
 * Asks auth-server for a revocation, once.
 * @returns whether auth-server confirmed it
 */
export async function endByApp(
  app: App,
  kind: Exclude<EndKind, 'disconnect'>,
  token: { access_token: string; refresh_token?: string },
): Promise<boolean> {
  const refreshToken = token.refresh_token ?? '';
  switch (kind) {
    case 'access token revoked':
      return (await app.revoke(token.access_token)).status === 200;
    case 'refresh token revoked':
      return (await app.revoke(refreshToken)).status === 200;
    case 'refresh token reused': {
      // A fault may fail the first use. The second use counts as reuse only after a first use that succeeded,
      // now or in an earlier attempt.
      const first = await app.refresh(refreshToken);
      if (first.status !== 200 && !isInvalidGrant(first)) return false;
      // The use of its successor ends the time in which the refresh token may be sent again.
      if (first.status === 200) {
        const second = await app.refresh(first.body.refresh_token ?? '');
        if (second.status !== 200 && !isInvalidGrant(second)) return false;
      }
      return isInvalidGrant(await app.refresh(refreshToken));
    }
  }
}

function isInvalidGrant({ status, body }: { status: number; body: object }): boolean {
  return status === 400 && (body as { error?: string }).error === 'invalid_grant';
}

export const tokenId = (accessToken: string) => String(decodeJwt(accessToken).jti);

/**
 * Times at which auth-server committed its own revocations (milliseconds since the epoch), by grant or `jti`.
 */
export async function endsAtAuthServer(system: RunningSystem): Promise<Map<string, number>> {
  const found = await rows<{ id: string; at: Date }>(
    system.databaseUrl('auth_server'),
    `SELECT grant_id AS id, ended_at AS at FROM ended_grant WHERE reason IS NOT NULL
     UNION ALL SELECT jti, revoked_at FROM revoked_token`,
  );
  return new Map(found.map(({ id, at }) => [id, at.getTime()]));
}

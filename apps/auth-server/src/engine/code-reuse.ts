import { whenRelayed } from '@payer/events';
import { rowsOf } from '@payer/service';
import type { Environment, GrantEnd } from '@payer/smart';
import { Provider } from 'oidc-provider';
import type { DataSource } from 'typeorm';
import { revokeGrant } from '../grants/revoke-grant.js';
import { grantDetails } from './engine-texts.js';

/*
 * The second use of an authorization code, or of a refresh token, revokes its grant (RFC 6749 §4.1.2, RFC
 * 9700 §4.14.2). `refresh-token-rotation.ts` says when a refresh may be repeated instead.
 *
 * A second request with a wrong code_verifier or redirect_uri is refused and ends nothing. It would get no
 * token for an unused code either, so it does not show that somebody else holds the first tokens. A code
 * alone is often seen, in a browser's history or a log: a person who injects it at the app could otherwise
 * end the grant. OAuth 2.1 (draft, §4.1.3) demands the end for a second valid request only.
 */

/** Detail of the error when a code or refresh token is used again. */
export const usedBefore = 'used before';

const details: readonly string[] = [grantDetails.codeUsed, grantDetails.refreshTokenUsed, usedBefore];

/** @param detail the reason for `invalid_grant` */
export const isReuse = (detail: string): boolean => details.includes(detail);

/** How the grant ends, by the grant type of the request that presents a used code or refresh token. */
export const reuseOf = (grantType: unknown): Extract<GrantEnd, 'code-reuse' | 'token-reuse'> =>
  grantType === 'authorization_code' ? 'code-reuse' : 'token-reuse';

/**
 * Revokes the grant of a code or refresh token that was used again. Without an open grant nothing changes.
 */
export async function revokeReused(
  source: DataSource,
  environment: Environment,
  grantId: string,
): Promise<void> {
  const [grant] = await rowsOf<{ client_id: string }>(
    source,
    `SELECT payload->>'clientId' AS client_id FROM oidc_artifact
     WHERE environment = $1 AND model = 'Grant' AND grant_id = $2`,
    [environment, grantId],
  );
  if (!grant) return;
  const event = await source.transaction((manager) =>
    revokeGrant(manager, {
      environment,
      grantId,
      clientId: grant.client_id,
      reason: reuseOf(Provider.ctx?.oidc.params?.grant_type),
    }),
  );
  if (event) await whenRelayed(source, [event]);
}

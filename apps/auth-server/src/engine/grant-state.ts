import { rowsOf, sha256 } from '@payer/service';
import type { Environment, GrantEnd } from '@payer/smart';
import type { KoaContextWithOIDC } from 'oidc-provider';
import type { DataSource } from 'typeorm';
import { isReuse, reuseOf } from './code-reuse.js';
import { grantDetails } from './engine-texts.js';

const expired: readonly string[] = [grantDetails.refreshTokenExpired, grantDetails.grantExpired];

/** The parameter with the code or refresh token, and its model, by grant type. */
const presented: Record<string, { parameter: string; model: string }> = {
  authorization_code: { parameter: 'code', model: 'AuthorizationCode' },
  refresh_token: { parameter: 'refresh_token', model: 'RefreshToken' },
};

/**
 * How the grant of a refused token request has ended. Undefined when the refusal has another reason, or when
 * the cause is not known.
 * @param detail the engine's reason for `invalid_grant`. The engine has checked that the code or refresh
 * token was given to the authenticated app
 */
export async function endOfGrant(
  source: DataSource,
  environment: Environment,
  ctx: KoaContextWithOIDC,
  detail: string | undefined,
): Promise<GrantEnd | undefined> {
  const grantType = String(ctx.oidc.params?.grant_type);
  const of = presented[grantType];
  if (!of || detail === undefined) return undefined;
  if (expired.includes(detail)) return 'expired';
  if (isReuse(detail)) return reuseOf(grantType);
  const value = ctx.oidc.params?.[of.parameter];
  if (detail !== grantDetails.grantNotFound || typeof value !== 'string') return undefined;
  const [row] = await rowsOf<{ cause: GrantEnd | null }>(
    source,
    `SELECT cause FROM oidc_artifact JOIN ended_grant USING (grant_id)
     WHERE oidc_artifact.environment = $1 AND model = $2 AND id_sha256 = $3`,
    [environment, of.model, sha256(value)],
  );
  return row?.cause ?? undefined;
}

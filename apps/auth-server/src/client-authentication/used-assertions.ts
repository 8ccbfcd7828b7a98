import { rowsOf, sha256 } from '@payer/service';
import type { Environment } from '@payer/smart';
import type { DataSource } from 'typeorm';

/**
 * Marks the `jti` of a signed request as used, once over all replicas (RFC 7523 §3, RFC 9449 §11.1). One
 * statement decides between requests that arrive together; the engine's own check is a read and a write.
 * @param issuer the `client_id`: each app has its own values of `jti`
 * @param expiresAt seconds since the epoch; afterwards the signed request is refused by its age
 * @returns false when the `jti` was used before
 */
export async function useAssertionOnce(
  source: DataSource,
  environment: Environment,
  issuer: string,
  jti: string,
  expiresAt: number,
): Promise<boolean> {
  const rows = await rowsOf(
    source,
    `INSERT INTO oidc_artifact (environment, model, id_sha256, payload, expires_at)
     VALUES ($1, 'ReplayDetection', $2, '{}', to_timestamp($3) + interval '1 minute')
     ON CONFLICT (environment, model, id_sha256) DO UPDATE SET expires_at = excluded.expires_at
     WHERE oidc_artifact.expires_at < now()
     RETURNING 1`,
    [environment, sha256(`${issuer} ${jti}`), expiresAt],
  );
  return rows.length > 0;
}

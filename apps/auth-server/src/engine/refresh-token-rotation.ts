import { createHmac, hkdfSync } from 'node:crypto';
import { rowsOf, sha256 } from '@payer/service';
import type { Environment } from '@payer/smart';
import type { DataSource } from 'typeorm';

/** Seconds after its use in which an app may send a refresh token again. */
const repeatSeconds = 10;

/** Derives the refresh token that follows another one. */
export type Successor = (refreshToken: string) => string;

/**
 * The value of a refresh token's successor is an HMAC of its predecessor, so that a repeated refresh gets the
 * same successor and the database needs no copy of it. 256 bits, like the engine's own values. Only this
 * service can compute the successor, because the key is derived from KEY_ENCRYPTION_KEY.
 */
export function successors(keyEncryptionKey: string): Successor {
  const key = Buffer.from(hkdfSync('sha256', keyEncryptionKey, '', 'refresh token successor', 32));
  return (refreshToken) => createHmac('sha256', key).update(refreshToken).digest('base64url');
}

/**
 * Whether an app may send a used refresh token again (decision 48). The first use was at most {@link
 * repeatSeconds} ago, and the successor is unused, so the app has probably not received the answer. The
 * repeated request gets the same successor.
 */
export async function isRepeatable(
  source: DataSource,
  environment: Environment,
  refreshToken: string,
  successor: string,
): Promise<boolean> {
  const rows = await rowsOf(
    source,
    `SELECT 1 FROM oidc_artifact
     WHERE environment = $1 AND model = 'RefreshToken' AND id_sha256 = $2
       AND consumed_at > clock_timestamp() - make_interval(secs => $4)
       AND NOT EXISTS (SELECT 1 FROM oidc_artifact successor WHERE successor.environment = $1
         AND successor.model = 'RefreshToken' AND successor.id_sha256 = $3 AND successor.consumed_at IS NOT NULL)`,
    [environment, sha256(refreshToken), sha256(successor), repeatSeconds],
  );
  return rows.length > 0;
}

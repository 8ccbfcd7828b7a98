import { createHmac, hkdfSync } from 'node:crypto';
import { Provider } from 'oidc-provider';
import type { GrantPatient } from '../representation/representations.js';

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

/** The member's choices that the engine's grant keeps beside its scopes. */
export interface GrantChoices extends GrantPatient {
  /** Keys of the sensitive kinds of data that the member opened. */
  sensitive?: string[];
  /** Tolerated scopes of the request that the token response names ({@link scopesNamedOnRequest}). */
  tolerated?: string[];
}

/**
 * Scopes that grant nothing here, because every grant lives until its end. Libraries refresh only if the
 * token response names the scope that they asked for (`fhirclient`), so the response repeats it. The access
 * token does not.
 */
export const scopesNamedOnRequest: readonly string[] = ['offline_access', 'online_access'];

/** The parameter that carries these scopes through the engine's interaction. Apps cannot send it. */
export const toleratedScopeParameter = 'tolerated_scope';

interface Model {
  IN_PAYLOAD: readonly string[];
  prototype: { generateTokenId(): string };
}

/** Decides once over all replicas whether a `jti` is new. */
export type UseOnce = (issuer: string, jti: string, expiresAt: number) => Promise<boolean>;

/**
 * Adds the member's choices to the engine's grants, derives each rotated refresh token, and makes the check of
 * a repeated `jti` one statement.
 */
export function patchModels(provider: Provider, successorOf: Successor, useOnce: UseOnce): void {
  const replays = provider.ReplayDetection as unknown as { unique: UseOnce };
  if (typeof replays.unique !== 'function') throw new Error("the engine's ReplayDetection has no unique");
  replays.unique = useOnce;

  const grant = provider.Grant as unknown as Model;
  const kept = grant.IN_PAYLOAD;
  if (!Array.isArray(kept)) throw new Error("the engine's grant has no list IN_PAYLOAD");
  const choices: readonly (keyof GrantChoices)[] = ['sensitive', 'tolerated', 'patient', 'relatedPerson'];
  Object.defineProperty(grant, 'IN_PAYLOAD', { value: [...kept, ...choices] });

  const refreshToken = provider.RefreshToken as unknown as Model;
  // OpenID Connect Core §12.2: an id_token of a refresh should have no nonce.
  Object.defineProperty(refreshToken, 'IN_PAYLOAD', {
    value: refreshToken.IN_PAYLOAD.filter((name) => name !== 'nonce'),
  });
  const { prototype } = refreshToken;
  const random = prototype.generateTokenId;
  if (typeof random !== 'function') throw new Error("the engine's refresh token has no generateTokenId");
  prototype.generateTokenId = function () {
    const rotated = Provider.ctx?.oidc.entities.RotatedRefreshToken;
    return rotated ? successorOf(rotated.jti) : random.call(this);
  };
}

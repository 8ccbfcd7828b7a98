import { Provider } from 'oidc-provider';
import type { GrantPatient } from '../representation/representations.js';
import type { Successor } from './refresh-token-rotation.js';

/** The member's choices that the engine's grant keeps beside its scopes. */
export interface GrantChoices extends GrantPatient {
  /** Keys of the sensitive kinds of data that the member opened. */
  sensitive?: string[];
  /** When consent made the grant, in seconds since the epoch. */
  createdAt?: number | undefined;
  /** Tolerated scopes of the request that the token response names (`offline-access.ts`). */
  tolerated?: string[];
}

/** The engine's grant, with the times that the engine keeps in seconds since the epoch. */
export interface HeldGrant extends GrantChoices {
  iat?: number;
  exp?: number;
}

interface Model {
  IN_PAYLOAD: readonly string[];
  prototype: { generateTokenId(): string };
}

/** Decides once over all replicas whether a `jti` is new. */
export type UseOnce = (issuer: string, jti: string, expiresAt: number) => Promise<boolean>;

/**
 * Adds the member's choices to the engine's grants, derives each rotated refresh token, and makes the check
 * of a repeated `jti` one statement.
 */
export function patchModels(provider: Provider, successorOf: Successor, useOnce: UseOnce): void {
  const replays = provider.ReplayDetection as unknown as { unique: UseOnce };
  if (typeof replays.unique !== 'function') throw new Error("the engine's ReplayDetection has no unique");
  replays.unique = useOnce;

  const grant = provider.Grant as unknown as Model;
  const kept = grant.IN_PAYLOAD;
  if (!Array.isArray(kept)) throw new Error("the engine's grant has no list IN_PAYLOAD");
  const choices: readonly (keyof GrantChoices)[] = [
    'sensitive',
    'createdAt',
    'tolerated',
    'patient',
    'relatedPerson',
  ];
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

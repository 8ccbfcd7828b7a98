import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose';

export interface RemoteKeysOptions {
  /** Milliseconds after which the keys are fetched again; a dropped key is refused after this time. */
  maxAge: number;
  /** Minimum milliseconds between two fetches, because anybody can send an unknown key id. */
  pause?: number;
  /** Milliseconds for one fetch. */
  timeout?: number;
}

/**
 * Another service's public keys (RFC 7517), for `jwtVerify`. Fetches them on first use, when they are older
 * than `maxAge`, and when a message has an unknown key id. While the other service is unavailable, the last
 * keys stay in use.
 */
export function remoteKeys(url: string, options: RemoteKeysOptions): JWTVerifyGetKey {
  const { maxAge, pause = Math.min(1000, maxAge), timeout = 3000 } = options;
  let keys: ReturnType<typeof createLocalJWKSet> | undefined;
  let fetchedAt = -Infinity;
  let triedAt = -Infinity;
  let fetching: Promise<void> | undefined;
  const now = () => performance.now();

  async function fetchKeys(): Promise<void> {
    triedAt = now();
    const response = await fetch(url, {
      signal: AbortSignal.timeout(timeout),
      // The address is configured as trusted, and a redirect could lead anywhere.
      redirect: 'error',
      headers: { accept: 'application/jwk-set+json, application/json' },
    });
    if (!response.ok) throw new Error(`${url} answered ${response.status}`);
    keys = createLocalJWKSet((await response.json()) as JSONWebKeySet);
    fetchedAt = now();
  }
  const refresh = () => (fetching ??= fetchKeys().finally(() => (fetching = undefined)));
  const mayTry = () => fetching !== undefined || now() - triedAt > pause;

  return async (header, token) => {
    if (!keys) await refresh();
    else if (now() - fetchedAt > maxAge && mayTry()) await refresh().catch(() => undefined);
    const known = keys as unknown as ReturnType<typeof createLocalJWKSet>;
    try {
      return await known(header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey) || !mayTry()) throw error;
      await refresh();
      return (keys as unknown as ReturnType<typeof createLocalJWKSet>)(header, token);
    }
  };
}

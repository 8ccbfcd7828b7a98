import { createRemoteJWKSet, errors, jwtVerify, type JWTVerifyGetKey } from 'jose';
import { RefusedAnswer, type ProviderLogout } from '../protocol/sign-in-protocol.js';

const logoutEvent = 'http://schemas.openid.net/event/backchannel-logout';

/** Seconds for which a logout token is accepted after its issue. */
const maxAge = 300;
/** Seconds that the provider's clock may differ from ours. */
const clockTolerance = 60;

/** A verified logout token. */
export interface LogoutToken extends ProviderLogout {
  jti: string;
  /** Seconds since the epoch; afterwards the token is refused by its age. */
  expiresAt: number;
}

/**
 * Milliseconds between two fetches for an unknown key. A provider does not repeat a logout that was refused
 * because its key was new.
 */
const cooldownDuration = 1000;

/** Keys of a provider, cached by their address. */
const keySets = new Map<string, JWTVerifyGetKey>();

function keysAt(address: string): JWTVerifyGetKey {
  let keys = keySets.get(address);
  if (!keys) keySets.set(address, (keys = createRemoteJWKSet(new URL(address), { cooldownDuration })));
  return keys;
}

/**
 * Verifies a logout token (OpenID Connect Back-Channel Logout 1.0 §2.6).
 * @throws RefusedAnswer that names the rule; another Error when the provider's keys cannot be read now
 */
export async function verifyLogoutToken(
  token: string,
  provider: { issuer: string; clientId: string; jwksUri: string },
): Promise<LogoutToken> {
  let unreadable: unknown;
  const keys: JWTVerifyGetKey = async (header, jws) => {
    try {
      return await keysAt(provider.jwksUri)(header, jws);
    } catch (error) {
      const isOfToken = error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JOSENotSupported;
      if (!isOfToken) unreadable = error;
      throw error;
    }
  };
  return RefusedAnswer.from(async () => {
    const { payload, protectedHeader } = await jwtVerify(token, keys, {
      issuer: provider.issuer,
      audience: provider.clientId,
      algorithms: ['RS256', 'PS256', 'ES256'],
      requiredClaims: ['iat', 'jti', 'events'],
      maxTokenAge: maxAge,
      clockTolerance,
    });
    const { typ } = protectedHeader;
    if (typ !== undefined && !/^(application\/)?(logout\+jwt|jwt)$/i.test(typ))
      throw new Error('the type of the token is not logout+jwt');
    const { events, sub, sid, nonce, jti, iat = 0 } = payload;
    if (typeof events !== 'object' || events === null || !Object.hasOwn(events, logoutEvent))
      throw new Error('the token is not about a logout');
    // §2.4: a nonce is prohibited, so that no id_token passes as a logout token.
    if (nonce !== undefined) throw new Error('the token has a nonce');
    if (sid !== undefined && typeof sid !== 'string') throw new Error('sid is not a text');
    if (sub === undefined && sid === undefined) throw new Error('the token names no session');
    return { subject: sub, sid, jti: jti!, expiresAt: iat + maxAge + clockTolerance };
  }).catch((error: unknown) => {
    throw unreadable ?? error;
  });
}

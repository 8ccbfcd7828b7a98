import { accessTokenLifetime, authorizationCodeLifetime } from '@payer/smart';
import type { Configuration, KoaContextWithOIDC } from 'oidc-provider';

/** Seconds that a member stays signed in. */
export const sessionLifetime = 30 * 60;

/** Seconds in which a member may finish an authorization request. */
const interactionLifetime = 30 * 60;

/** Lifetimes of codes, tokens, grants and sessions, in seconds. */
export const lifetimes: Configuration['ttl'] = {
  // A token never outlives its grant.
  AccessToken: (ctx: KoaContextWithOIDC, token: { resourceServer?: unknown }) =>
    Math.min(token.resourceServer ? accessTokenLifetime : 60, secondsLeft(ctx)),
  ClientCredentials: accessTokenLifetime,
  AuthorizationCode: authorizationCodeLifetime,
  IdToken: accessTokenLifetime,
  Grant: 365 * 24 * 3600,
  Interaction: interactionLifetime,
  Session: sessionLifetime,
  // A refresh token lives as long as its grant.
  RefreshToken: secondsLeft,
};

/** Remaining seconds of the request's grant. One minute when the engine has loaded no grant. */
function secondsLeft(ctx: KoaContextWithOIDC): number {
  return Math.max(1, (ctx.oidc.entities.Grant?.exp ?? nowInSeconds() + 60) - nowInSeconds());
}

const nowInSeconds = () => Math.floor(Date.now() / 1000);

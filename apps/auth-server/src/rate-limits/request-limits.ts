import { networkOf, quotasVariable, RateLimiter, takeAll, type RateLimitVerdict } from '@payer/service';
import { endpointPaths, type Environment } from '@payer/smart';
import type { Config } from '../config.js';

/**
 * Limits of the OAuth endpoints, as requests/seconds. The defaults allow a load test from one address. A
 * deployment on the internet sets its own limits.
 */
export const requestLimitVariables = {
  /** Token, introspection, revocation and pushed authorization requests of one address. */
  TOKEN_LIMIT_PER_ADDRESS: quotasVariable('120000/60'),
  /** Token requests of one authenticated app. Strangers cannot use up its limit. */
  TOKEN_LIMIT_PER_APP: quotasVariable('60000/60'),
  /** Codes and refresh tokens of one member that apps present. */
  TOKEN_LIMIT_PER_MEMBER: quotasVariable('3000/60'),
  /** Authorization requests of one address. */
  AUTHORIZATION_LIMIT_PER_ADDRESS: quotasVariable('12000/60'),
};

/** Endpoints with a limit per address, and the name of the limit that they share. */
const limitOf: Record<string, 'token' | 'authorization'> = {
  [endpointPaths.token]: 'token',
  [endpointPaths.introspection]: 'token',
  [endpointPaths.revocation]: 'token',
  [endpointPaths.pushedAuthorizationRequest]: 'token',
  [endpointPaths.authorization]: 'authorization',
};

/**
 * The limits of this process. The authorization endpoint has no limit per app. Its `client_id` is public, so
 * a stranger could use up the limit and so close the app's sign-in.
 */
export class RequestLimits {
  private readonly perAddress: Record<'token' | 'authorization', RateLimiter>;
  private readonly perApp: RateLimiter;
  private readonly perMember: RateLimiter;

  constructor(config: Config) {
    this.perAddress = {
      token: new RateLimiter('token-per-address', config.TOKEN_LIMIT_PER_ADDRESS),
      authorization: new RateLimiter('authorization-per-address', config.AUTHORIZATION_LIMIT_PER_ADDRESS),
    };
    this.perApp = new RateLimiter('token-per-app', config.TOKEN_LIMIT_PER_APP);
    this.perMember = new RateLimiter('token-per-member', config.TOKEN_LIMIT_PER_MEMBER);
  }

  /** @returns undefined for an endpoint without a limit @param path below the issuer */
  takeAddress(path: string, address: string): RateLimitVerdict | undefined {
    const limit = limitOf[path];
    return limit && takeAll([[this.perAddress[limit], networkOf(address)]]);
  }

  takeApp(environment: Environment, clientId: string): RateLimitVerdict {
    return takeAll([[this.perApp, `${environment} ${clientId}`]]);
  }

  takeMember(environment: Environment, sub: string): RateLimitVerdict {
    return takeAll([[this.perMember, `${environment} ${sub}`]]);
  }
}

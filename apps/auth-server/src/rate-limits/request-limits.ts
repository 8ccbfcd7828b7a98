import { networkOf, RateLimiter, takeAll, type RateLimitVerdict } from '@payer/service';
import { endpointPaths, type Environment } from '@payer/smart';
import type { Config } from '../config.js';

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
  private readonly appVerdicts = new WeakMap<object, RateLimitVerdict>();
  private readonly memberVerdicts = new WeakMap<object, RateLimitVerdict>();

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

  /** @param request counted once, however often it is asked about */
  takeApp(environment: Environment, clientId: string, request?: object): RateLimitVerdict {
    return once(this.appVerdicts, request, () => takeAll([[this.perApp, `${environment} ${clientId}`]]));
  }

  /** @param request counted once, however often it is asked about */
  takeMember(environment: Environment, sub: string, request?: object): RateLimitVerdict {
    return once(this.memberVerdicts, request, () => takeAll([[this.perMember, `${environment} ${sub}`]]));
  }
}

/** One request comes from one app, and presents a token of one member. */
function once(
  verdicts: WeakMap<object, RateLimitVerdict>,
  request: object | undefined,
  take: () => RateLimitVerdict,
): RateLimitVerdict {
  const known = request && verdicts.get(request);
  if (known) return known;
  const verdict = take();
  if (request) verdicts.set(request, verdict);
  return verdict;
}

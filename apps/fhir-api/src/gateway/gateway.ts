import {
  environments,
  planRules,
  plans,
  resourceTypesOfPlan,
  type Addresses,
  type Environment,
} from '@payer/smart';
import type { EventConsumer } from '@payer/events';
import type { Reader } from '../reader.js';
import type { Apps } from '../apps/apps.js';
import type { Freshness } from '../revocations/freshness.js';
import { GrantStatusUnavailable, type GrantStatus } from '../revocations/grant-status.js';
import type { Revocations } from '../revocations/revocations.js';
import { refusalByApp } from './app-rules.js';
import { bearerToken, BearerVerifier } from './bearer-token.js';
import type { IssuerKeys } from './issuer-keys.js';
import { insufficientScope, invalidToken, tryAgain } from './refusal.js';
import { TokenCache } from './token-cache.js';
import { VerifiedToken } from './verified-token.js';

/** Tokens of one environment and generation; some 2 kB each. */
const cacheCapacity = 5000;
/** Milliseconds to wait for news of a fresh registration or approval before refusing. */
const settleTimeout = 400;
/** Seconds after which an app may try again while nobody can vouch for its grant. */
const retryAfter = 5;

export interface GatewayOptions {
  addresses: Addresses;
  keys: Record<Environment, IssuerKeys>;
  apps: Apps;
  revocations: Revocations;
  freshness: Freshness;
  grantStatus: GrantStatus;
  events: EventConsumer;
}

/**
 * Who may read, decided on every request from the token and from what events told: it trusts no single service.
 * Signature and claims of a token are verified once and remembered; expiry, app, plan and revocations are looked at each time.
 */
export class Gateway {
  private readonly verifiers: Record<Environment, BearerVerifier>;
  private readonly caches: Record<Environment, TokenCache<VerifiedToken>>;
  private caughtUp = false;

  constructor(private readonly options: GatewayOptions) {
    const each = <T>(of: (environment: Environment) => T) =>
      Object.fromEntries(environments.map((name) => [name, of(name)])) as Record<Environment, T>;
    this.verifiers = each((name) => new BearerVerifier(options.addresses, name, options.keys[name]));
    this.caches = each(() => new TokenCache<VerifiedToken>(cacheCapacity));
    for (const name of environments) options.keys[name].onChange(() => this.caches[name].clear());
  }

  /**
   * Whose token it is.
   * @throws Refusal 401 when there is none or it is not one of this environment's issuer
   */
  async identify(environment: Environment, authorization: string | undefined): Promise<VerifiedToken> {
    const token = bearerToken(authorization, this.options.addresses[environment].fhirBaseUrl);
    const known = this.caches[environment].get(token);
    if (known) return known;
    const verified = new VerifiedToken(environment, await this.verifiers[environment].verify(token));
    this.caches[environment].set(token, verified);
    return verified;
  }

  /**
   * Whether the token may be used now, and for this resource type.
   * @returns what its plan lets it read
   * @throws Refusal 401, 403, or 503 while this replica does not know all revocations
   */
  async admit(token: VerifiedToken, resourceType: string): Promise<Reader> {
    if (!this.caughtUp) await this.catchUp();
    refuseExpired(token);
    const app = this.options.apps.find(token.claims.client_id);
    const reader =
      app !== undefined && app === token.admittedUnder && token.reader
        ? token.reader
        : await this.admitApp(token);
    if (this.options.revocations.isRevoked(token)) throw revoked();
    if (!this.options.freshness.isFresh) await this.vouch(token);
    if (!resourceTypesOfPlan[reader.plan].has(resourceType)) throw foreignType(reader, resourceType);
    return reader;
  }

  private async admitApp(token: VerifiedToken): Promise<Reader> {
    const { apps, events } = this.options;
    const find = () => apps.find(token.claims.client_id);
    // A fresh registration or approval may still be on its way: look again before refusing.
    if (refusalByApp(token, find())) await events.settle(settleTimeout).catch(() => false);
    const app = find();
    const refusal = refusalByApp(token, app);
    if (refusal) throw refusal;
    const { patient } = token.claims;
    token.admittedUnder = app;
    token.reader =
      app?.plan === 'patient-access' && patient
        ? { plan: 'patient-access', patient }
        : { plan: 'provider-directory' };
    return token.reader;
  }

  /** What events tell is staler than the bound: who owns the grant is asked, and without an answer nothing is served. */
  private async vouch({ environment, claims: { grant_id: grantId } }: VerifiedToken): Promise<void> {
    if (!grantId) return;
    const isLive = await this.options.grantStatus.isLive(environment, grantId).catch((error) => {
      if (!(error instanceof GrantStatusUnavailable)) throw error;
      throw tryAgain(
        'This server cannot tell at the moment whether the member still allows this access, so it serves no data. ' +
          'Nothing is wrong with the request or the token: send it again after the time in Retry-After.',
        retryAfter,
      );
    });
    if (!isLive) throw revoked();
  }

  /** No data before everything that was told up to the start of this replica is known here. */
  private async catchUp(): Promise<void> {
    const { events } = this.options;
    if (!events.isCaughtUp) await events.settle(settleTimeout).catch(() => false);
    this.caughtUp = events.isCaughtUp;
    if (!this.caughtUp)
      throw tryAgain('This server is starting and does not know yet which access was revoked.', 1);
  }
}

function revoked() {
  return invalidToken(
    'The access this token stands on was revoked. The member has to authorize the app again.',
    'login',
  );
}

function refuseExpired(token: VerifiedToken): void {
  if (token.claims.exp * 1000 <= Date.now())
    throw invalidToken(
      'The access token has expired. Redeem the refresh token, or ask for a new access token.',
      'expired',
    );
}

function foreignType(reader: Reader, resourceType: string) {
  const other = plans.find((plan) => plan !== reader.plan && resourceTypesOfPlan[plan].has(resourceType));
  return insufficientScope(
    `${resourceType} is not part of the ${planRules[reader.plan].title}` +
      (other
        ? `; it belongs to the ${planRules[other].title}, which needs an app of its own.`
        : `, which has ${[...resourceTypesOfPlan[reader.plan]].join(', ')}.`),
    other ? planRules[other].scopes : [],
  );
}

import {
  errorPage,
  grantEnds,
  planRules,
  plans,
  resourceTypesOfPlan,
  type Addresses,
  type Environment,
} from '@payer/smart';
import type { EventConsumer, FactFeeds } from '@payer/events';
import { BoundedCache } from '@payer/service';
import { environmentsOf, perEnvironment } from '../environments.js';
import type { App, Apps } from '../apps/apps.js';
import { GrantStatusUnavailable, type GrantStatus } from '../revocations/grant-status.js';
import { revocationMemory, type Revocations } from '../revocations/revocations.js';
import { refusalByApp } from './app-rules.js';
import { BearerVerifier, sentToken } from './bearer-token.js';
import type { IssuerKeys } from './issuer-keys.js';
import { planAccess, type TokenAccess } from './plan-access.js';
import { insufficientScope, invalidToken, Refusal, tryAgain } from './refusal.js';
import { checkSender, type TokenRequest } from './sender-constraint.js';
import type { UsedProofs } from './used-proofs.js';
import { VerifiedToken } from './verified-token.js';

/**
 * Live tokens of an environment that are surely cached; the cache has at most twice as many. A token takes
 * about 2 kB. To verify a token again takes as long as to answer several reads.
 */
const cacheCapacity = 10_000;
/** Milliseconds to wait for the events of a fresh registration or approval before a refusal. */
const settleTimeout = 400;
/** Seconds until the retry of a request whose access no owner can confirm now. */
const retryAfter = 5;

export interface GatewayOptions {
  addresses: Addresses;
  keys: Record<Environment, IssuerKeys>;
  apps: Apps;
  revocations: Revocations;
  feeds: FactFeeds;
  grantStatus: GrantStatus;
  events: EventConsumer;
  /** Public URL of the developer portal, which documents the errors. */
  portalUrl: string;
  usedProofs: UsedProofs;
}

/** The access of a token under a state of its app. */
interface Admission {
  app: App;
  access: TokenAccess;
}

/** The answer about a token. A refusal that is not final may end when missing facts are fetched. */
type Verdict = { access: TokenAccess } | { refusal: Refusal; isFinal: boolean };

const final = (refusal: Refusal): Verdict => ({ refusal, isFinal: true });
const forNow = (refusal: Refusal): Verdict => ({ refusal, isFinal: false });

/**
 * Decides on every request whether a token may read, from the token and from the facts of the other services,
 * so that no single service is trusted. Signature and claims are verified once and cached. Expiry, app, plan
 * and revocations are checked each time: before the data is read, and again before the answer leaves.
 */
export class Gateway {
  private readonly verifiers: Record<Environment, BearerVerifier>;
  private readonly caches: Record<Environment, BoundedCache<string, VerifiedToken>>;
  private readonly admissions = new WeakMap<VerifiedToken, Admission>();

  constructor(private readonly options: GatewayOptions) {
    const served = environmentsOf(options.keys);
    const each = <T>(of: (environment: Environment) => T) => perEnvironment(served, of);
    this.verifiers = each((name) => new BearerVerifier(options.addresses, name, options.keys[name]));
    this.caches = each(() => new BoundedCache<string, VerifiedToken>(cacheCapacity));
    for (const name of served) options.keys[name].onChange(() => this.caches[name].clear());
  }

  /** Returns a bearer token if it is in the cache, without verification. */
  recall(environment: Environment, authorization: string | undefined): VerifiedToken | undefined {
    if (!authorization?.startsWith('Bearer ')) return undefined;
    const known = this.caches[environment].get(authorization.slice('Bearer '.length));
    // A token that is bound to a key needs the proof of each request.
    return known?.claims.cnf ? undefined : known;
  }

  /**
   * Whether the token of a request is in the cache: it was verified here before. The sender of a bound token
   * has not proved the key yet.
   */
  isKnown(environment: Environment, authorization: string | undefined): boolean {
    const [, token] = /^(?:bearer|dpop) (.*)$/i.exec(authorization ?? '') ?? [];
    return token !== undefined && this.caches[environment].get(token.trim()) !== undefined;
  }

  /**
   * Verifies the token of a request, and its proof if the token is bound to a key.
   * @throws Refusal 401 when the token is missing, when this environment's issuer did not issue it, or when
   * its proof does not fit
   */
  async identify(
    environment: Environment,
    authorization: string | undefined,
    request: TokenRequest,
  ): Promise<VerifiedToken> {
    const sent = sentToken(authorization, this.options.addresses[environment].fhirBaseUrl);
    const cache = this.caches[environment];
    let verified = cache.get(sent.token);
    if (!verified) {
      const { claims, keyId } = await this.verifiers[environment].verify(sent.token);
      verified = new VerifiedToken(environment, claims, keyId);
      cache.set(sent.token, verified);
    }
    await checkSender(verified, sent, request, this.options.usedProofs);
    return verified;
  }

  /**
   * Checks that the token may be used now, and for this resource type. The server calls it a second time,
   * with the answer in hand. No other code runs between the last check and the return, so a revocation during
   * the wait keeps the answer from leaving.
   * @param resourceType undefined when the answer has no data: the token alone is judged
   * @returns the access that the app's plan gives
   * @throws Refusal 401 or 403, or 503 while a fact that the token depends on cannot be confirmed
   */
  async admit(token: VerifiedToken, resourceType: string | undefined): Promise<TokenAccess> {
    let verdict = this.judge(token, resourceType);
    if ('refusal' in verdict && !verdict.isFinal) {
      await this.learn(token);
      verdict = this.judge(token, resourceType);
    }
    if ('refusal' in verdict) throw verdict.refusal;
    return verdict.access;
  }

  /** Fetches the missing facts of a verdict, if their owners answer. */
  private async learn(token: VerifiedToken): Promise<void> {
    const { apps, events, feeds, grantStatus } = this.options;
    await feeds.refresh(token.dependsOn);
    // The event of a fresh registration or approval may be under way: check again before the refusal.
    if (refusalByApp(token, apps.find(token.claims.client_id), this.options.portalUrl)) {
      const isCaughtUp = await events.waitUntilCaughtUp(settleTimeout).catch(() => false);
      if (!isCaughtUp) await feeds.readNow(['registration']);
    }
    if (!this.isInDoubt(token)) return;
    const { isLive } = await grantStatus
      .ask(token.environment, token.claims.grant_id!)
      .catch((error: unknown) => {
        if (error instanceof GrantStatusUnavailable) throw unconfirmed();
        throw error;
      });
    if (!isLive) throw this.revoked(token);
  }

  /** Judges by the facts that are in memory now. */
  private judge(token: VerifiedToken, resourceType: string | undefined): Verdict {
    const { keys, revocations, feeds } = this.options;
    // The issuer may have withdrawn the key while the request waited.
    if (token.keyId !== undefined && !keys[token.environment].has(token.keyId))
      return final(keys[token.environment].unknownKey());
    if (token.claims.exp * 1000 <= Date.now()) return final(expired());
    if (!feeds.areFresh(token.dependsOn)) return forNow(feeds.areRead ? unconfirmed() : starting());
    const admission = this.admission(token);
    // The event of a fresh registration or approval may be under way.
    if (admission instanceof Refusal) return forNow(admission);
    if (revocations.isRevoked(token)) return final(this.revoked(token));
    if (this.isInDoubt(token)) return forNow(unconfirmed());
    const { access } = admission;
    if (resourceType !== undefined && !resourceTypesOfPlan[access.plan].has(resourceType))
      return final(foreignType(access, resourceType));
    return { access };
  }

  /** The refusal of a revoked token, with the end of its grant if it is known. */
  private revoked({ environment, claims }: VerifiedToken): Refusal {
    const end = claims.grant_id && this.options.revocations.endOf(environment, claims.grant_id);
    if (!end)
      return invalidToken('The access token was revoked. Redeem the refresh token, or ask the member again.');
    const { code, text } = grantEnds[end];
    const page = errorPage(this.options.portalUrl, code);
    return invalidToken(`The access was revoked: ${text}. See ${page}`, 'login', page);
  }

  /** The access of a token by the state of its app, which is checked once for each state. */
  private admission(token: VerifiedToken): Admission | Refusal {
    const app = this.options.apps.find(token.claims.client_id);
    const known = this.admissions.get(token);
    if (known && known.app === app) return known;
    const refusal = refusalByApp(token, app, this.options.portalUrl);
    if (refusal) return refusal;
    // refusalByApp has refused a token whose app is unknown or has no plan.
    const access = { ...planAccess(app!.plan!, token.claims), claims: token.claims };
    const admission = { app: app!, access };
    this.admissions.set(token, admission);
    return admission;
  }

  /**
   * True while a restore of consent's database is recent. Consent does not know a grant that was made after
   * the backup, and the member can neither see nor revoke that grant. Until every token of that time has
   * expired, consent must confirm each grant.
   */
  private isInDoubt(token: VerifiedToken): boolean {
    const { environment, claims } = token;
    if (claims.grant_id === undefined) return false;
    const { feeds, grantStatus } = this.options;
    return (
      feeds.of('consent').restoredAge < revocationMemory &&
      !grantStatus.isConfirmed(environment, claims.grant_id)
    );
  }
}

function unconfirmed() {
  return tryAgain(
    'This server cannot confirm now that this access is still allowed, so it serves no data. ' +
      'Nothing is wrong with the request or the token: send it again after the time in Retry-After.',
    retryAfter,
  );
}

function starting() {
  return tryAgain('This server is starting and does not know yet which access was revoked.', 1);
}

function expired() {
  return invalidToken(
    'The access token has expired. Redeem the refresh token, or ask for a new access token.',
    'expired',
  );
}

function foreignType(access: TokenAccess, resourceType: string) {
  const other = plans.find((plan) => plan !== access.plan && resourceTypesOfPlan[plan].has(resourceType));
  return insufficientScope(
    `${resourceType} is not part of the ${planRules[access.plan].title}` +
      (other
        ? `; it belongs to the ${planRules[other].title}, which needs a separate app.`
        : `, which has ${[...resourceTypesOfPlan[access.plan]].join(', ')}.`),
    other ? planRules[other].scopes : [],
  );
}

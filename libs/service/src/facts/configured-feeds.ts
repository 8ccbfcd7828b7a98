import { FactFeed, FactFeeds, type EventLogger, type FactPositions, type Rereading } from '@payer/events';
import { type Fact, type FactOwner } from '@payer/smart';
import { z } from 'zod';
import type { ServiceIdentity } from '../security/service-identity.js';

const internalUrl = z.url({ protocol: /^https?$/, error: 'must be an absolute http(s) URL' }).optional();

/** Variables of a service that depends on the facts of other services. */
export const factFeedVariables = {
  /** Seconds. Older knowledge of revoked grants, revoked tokens and suspended apps is not relied on. */
  REVOCATION_MAX_STALENESS: z.coerce.number().int().min(1).max(300).default(30),
  /** Milliseconds between two readings of an owner's facts. */
  FACTS_INTERVAL_MS: z.coerce.number().int().min(50).max(60_000).default(2000),
  /** Addresses of the owners when they differ from their public addresses (inside a cluster, for example). */
  AUTH_SERVER_INTERNAL_URL: internalUrl,
  REGISTRATION_INTERNAL_URL: internalUrl,
  CONSENT_INTERNAL_URL: internalUrl,
};

type FactFeedConfig = z.infer<z.ZodObject<typeof factFeedVariables>> &
  Record<'AUTH_SERVER_URL' | 'REGISTRATION_URL' | 'CONSENT_URL', string>;

/** How a service applies the facts of one owner. */
export interface FactUse<Owner extends FactOwner> {
  apply(fact: Fact<Owner>): Promise<void> | void;
  onReread?(rereading: Rereading): Promise<void> | void;
  /** Seconds: a starting process needs no older revocations. Only for facts that are revocations. */
  recent?: number;
}

/** Uses by owner. Feeds of absent owners are not read. */
export type FactUses = { [Owner in FactOwner]?: FactUse<Owner> };

export interface FactFeedsOptions {
  /** Identity of the reading service. */
  identity: ServiceIdentity;
  logger: EventLogger;
  /** Stores positions; kept in memory when absent. */
  positions?: FactPositions;
}

/** The configured feeds of a service. */
export function createFactFeeds(
  config: FactFeedConfig,
  uses: FactUses,
  { identity, ...options }: FactFeedsOptions,
): FactFeeds {
  const urls: Record<FactOwner, string> = {
    'auth-server': config.AUTH_SERVER_INTERNAL_URL ?? config.AUTH_SERVER_URL,
    registration: config.REGISTRATION_INTERNAL_URL ?? config.REGISTRATION_URL,
    consent: config.CONSENT_INTERNAL_URL ?? config.CONSENT_URL,
  };
  const feeds = (Object.keys(uses) as FactOwner[]).map(
    (owner) =>
      new FactFeed({
        ...options,
        ...(uses[owner] as FactUse<FactOwner>),
        owner,
        url: urls[owner].replace(/\/$/, ''),
        fetch: (url, init) => identity.call(owner, url, init),
        interval: config.FACTS_INTERVAL_MS,
      }),
  );
  return new FactFeeds(feeds, config.REVOCATION_MAX_STALENESS);
}

import type { VerifiedToken } from '../gateway/verified-token.js';

/** A client without a token, under the unreadable name of its address (`AddressLimit`). */
export interface AnonymousCaller {
  readonly anonymous: string;
}

/** The party that shares of time, connections and memory are charged to: an app, or an anonymous client. */
export type Caller = VerifiedToken | AnonymousCaller;

export const isAnonymous = (caller: Caller): caller is AnonymousCaller => 'anonymous' in caller;

/** The name of one app or one anonymous address, for a limit that holds few names at a time. */
export const addressOrApp = (caller: Caller): string =>
  isAnonymous(caller) ? `anonymous:${caller.anonymous}` : callerKey(caller);

/**
 * The name under which the shares of a caller are kept. One machine may have thousands of addresses, so
 * anonymous clients have at most 16 shares among them. The limit of each address counts beside this.
 */
export const callerKey = (caller: Caller): string =>
  isAnonymous(caller)
    ? `anonymous:${caller.anonymous.charCodeAt(0) % 16}`
    : `${caller.environment}:${caller.claims.client_id}`;

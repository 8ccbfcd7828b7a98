/** A quota of a client (draft-ietf-httpapi-ratelimit-headers). */
export interface QuotaPolicy {
  name: string;
  /** Units per window. */
  limit: number;
  /** Seconds. */
  window: number;
  /** Unit of the quota, when it does not count requests. */
  unit?: string;
}

/** Value of `RateLimit-Policy`: the quotas of a client. */
export const rateLimitPolicy = (policies: readonly QuotaPolicy[]): string =>
  policies
    .map(({ name, limit, window, unit }) => `"${name}";q=${limit};w=${window}${unit ? `;qu="${unit}"` : ''}`)
    .join(', ');

/**
 * Value of `RateLimit`: the rest of a quota.
 * @param remaining units
 * @param reset seconds until the whole quota is available again
 */
export const rateLimit = (name: string, remaining: number, reset: number): string =>
  `"${name}";r=${Math.max(0, Math.floor(remaining))};t=${Math.ceil(reset)}`;

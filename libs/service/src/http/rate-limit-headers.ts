/** A quota of a caller (draft-ietf-httpapi-ratelimit-headers). */
export interface QuotaPolicy {
  name: string;
  /** Units per window. */
  limit: number;
  /** Seconds. */
  window: number;
  /** Unit, where it is not requests. */
  unit?: string;
}

/** Value of `RateLimit-Policy`: the quotas of a caller. */
export const rateLimitPolicy = (policies: readonly QuotaPolicy[]): string =>
  policies
    .map(({ name, limit, window, unit }) => `"${name}";q=${limit};w=${window}${unit ? `;qu="${unit}"` : ''}`)
    .join(', ');

/**
 * Value of `RateLimit`: what is left of a quota.
 * @param remaining units
 * @param reset seconds until all of the quota is there again
 */
export const rateLimit = (name: string, remaining: number, reset: number): string =>
  `"${name}";r=${Math.max(0, Math.floor(remaining))};t=${Math.ceil(reset)}`;

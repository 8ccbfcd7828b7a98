import { z } from 'zod';

/** A number of requests per key and window. */
export interface Quota {
  requests: number;
  /** Seconds. */
  window: number;
}

/**
 * A variable with the quotas of one limit, such as `30/60, 300/3600`: requests/seconds, separated by commas.
 */
export function quotasVariable(localDefault: string) {
  return z
    .string()
    .default(localDefault)
    .transform((text, context): Quota[] => {
      const quotas = text.split(',').map((part) => /^\s*(\d{1,9})\s*\/\s*(\d{1,6})\s*$/.exec(part));
      if (quotas.some((match) => !match || Number(match[1]) < 1 || Number(match[2]) < 1)) {
        const message = 'must be requests/seconds, separated by commas, such as "30/60, 300/3600"';
        context.addIssue({ code: 'custom', message });
        return z.NEVER;
      }
      return quotas.map((match) => ({ requests: Number(match![1]), window: Number(match![2]) }));
    });
}

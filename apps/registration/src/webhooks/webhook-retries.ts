/**
 * Seconds from each failed attempt to the next one. After the last, the message has failed: in all 28 hours.
 */
export const retryDelays = [5, 300, 1800, 7200, 18_000, 36_000, 36_000] as const;

import { z } from 'zod';

const firstYear = 2020;

/**
 * Query of a yearly report: a calendar year in UTC, the previous one by default. The current year gives the
 * figures so far.
 */
export const yearQuery = z.object({
  year: z.coerce
    .number('must be a year such as 2026')
    .int('must be a year such as 2026')
    .min(firstYear, `must not be before ${firstYear}`)
    .refine((year) => year <= new Date().getUTCFullYear(), 'must not be in the future')
    .default(() => new Date().getUTCFullYear() - 1),
  format: z.enum(['json', 'csv'], 'must be json or csv').default('json'),
});

/** The years that a page offers, the newest first. */
export function reportYears(now = new Date()): number[] {
  const current = now.getUTCFullYear();
  return [current, current - 1, current - 2];
}

/** The first day of a year and of the next one, `YYYY-MM-DD`. */
export const daysOf = (year: number) => ({ first: `${year}-01-01`, next: `${year + 1}-01-01` });

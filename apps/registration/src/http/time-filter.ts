import { z } from 'zod';

const shape = /^(\d{4})-(\d{2})(?:-(\d{2}))?$/;
const instant = z.iso.datetime({ offset: true });
/** PostgreSQL refuses the year 0, and JavaScript writes years beyond 9999 in another form. */
const [firstYear, last] = ['1900', '9999-12-31T23:59:59.999Z'];
const message =
  'must be an instant like 2026-11-25T08:00:00Z, a day like 2026-11-25 or a month like 2026-11 (UTC)';

/**
 * An instant in UTC, or undefined for any other text. UTC, because instants are compared as texts, and
 * because PostgreSQL refuses offsets beyond 16 hours.
 */
export function instantOf(text: string): string | undefined {
  if (!instant.safeParse(text).success || text < firstYear) return undefined;
  if (text.endsWith('Z')) return text;
  const utc = new Date(text).toISOString();
  return utc.length > last.length ? last : utc;
}

/** Start and end of an instant, a day or a month, as instants. Undefined for any other text. */
function spanOf(text: string): { start: string; end: string } | undefined {
  const at = instantOf(text);
  if (at) return { start: at, end: at };
  if (text < firstYear) return undefined;
  const [, year, month, day] = shape.exec(text) ?? [];
  if (!year || !month || !z.iso.date().safeParse(`${year}-${month}-${day ?? '01'}`).success) return undefined;
  const start = new Date(`${year}-${month}-${day ?? '01'}T00:00:00Z`);
  const end = new Date(start);
  if (day) end.setUTCDate(end.getUTCDate() + 1);
  else end.setUTCMonth(end.getUTCMonth() + 1);
  return { start: start.toISOString(), end: end.getUTCFullYear() > 9999 ? last : end.toISOString() };
}

const timeOf = (edge: 'start' | 'end') =>
  z
    .string()
    .trim()
    .transform((text, context) => {
      const span = spanOf(text);
      if (span) return span[edge];
      context.addIssue({ code: 'custom', message });
      return z.NEVER;
    });

/** From an instant, or from the start of a day or month. */
export const since = timeOf('start');
/** Before an instant, or until the end of a day or month. */
export const until = timeOf('end');

/** A whole day, UTC. */
export const day = z.iso
  .date('must be a day like 2026-11-25')
  .refine((text) => text >= firstYear, `must not be before ${firstYear}`);

/** Whether a period begins before it ends, for `refine` of a query with `since` and `until`. */
export const isInOrder = ({ since, until }: { since?: string; until?: string }): boolean =>
  since === undefined || until === undefined || Date.parse(since) < Date.parse(until);

/** The error for a period in the wrong order. */
export const notInOrder = { path: ['until'], message: 'must be later than since' };

import { z } from 'zod';

const shape = /^(\d{4})-(\d{2})(?:-(\d{2}))?$/;
const instant = z.iso.datetime({ offset: true });
const message =
  'must be an instant like 2026-11-25T08:00:00Z, a day like 2026-11-25 or a month like 2026-11 (UTC)';

/** Start and end of an instant, a day or a month, as instants. Undefined for any other text. */
function spanOf(text: string): { start: string; end: string } | undefined {
  if (instant.safeParse(text).success) return { start: text, end: text };
  const [, year, month, day] = shape.exec(text) ?? [];
  if (!year || !month || !z.iso.date().safeParse(`${year}-${month}-${day ?? '01'}`).success) return undefined;
  const start = new Date(`${year}-${month}-${day ?? '01'}T00:00:00Z`);
  const end = new Date(start);
  if (day) end.setUTCDate(end.getUTCDate() + 1);
  else end.setUTCMonth(end.getUTCMonth() + 1);
  return { start: start.toISOString(), end: end.toISOString() };
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
export const day = z.iso.date('must be a day like 2026-11-25');

/** Whether a period begins before it ends, for `refine` of a query with `since` and `until`. */
export const isInOrder = ({ since, until }: { since?: string; until?: string }): boolean =>
  since === undefined || until === undefined || Date.parse(since) < Date.parse(until);

/** The error for a period in the wrong order. */
export const notInOrder = { path: ['until'], message: 'must be later than since' };

import type { AuditPosition } from '@payer/service';
import { allAuditActions, environments } from '@payer/smart';
import { z } from 'zod';
import { instantOf, isInOrder, notInOrder, since, until } from '../http/time-filter.js';

const text = z.string('must be given once').trim().min(1, 'must not be empty').max(200);

/** `next` of an answer: the start of the following page. It contains nothing secret. */
const cursor = z
  .string()
  .transform((value, context) => {
    const [at, id, rest] = Buffer.from(value, 'base64url').toString().split(' ');
    const isInstant = at !== undefined && instantOf(at) === at;
    // An act has a UUID, a data access a number.
    const isId = id !== undefined && (z.guid().safeParse(id).success || /^\d{1,18}$/.test(id));
    if (rest === undefined && isInstant && isId) return { at, id } as AuditPosition;
    context.addIssue({ code: 'custom', message: 'must be the `next` of an answer' });
    return z.NEVER;
  })
  .optional();

export function cursorOf({ at, id }: AuditPosition): string {
  return Buffer.from(`${at} ${id}`).toString('base64url');
}

/** A query names a member by exactly one of these fields. */
export const memberFilters = {
  /** Member number, `sub` or patient id. */
  member: text.optional(),
  patient: text.optional(),
  sub: text.optional(),
};

/** An app, by `client_id` or name. */
export const appFilter = text;

export const environment = z.enum(environments, `must be one of ${environments.join(', ')}`);

/** The filters of the audit trail and of its export. */
export const auditFilters = {
  ...memberFilters,
  app: appFilter.optional(),
  client_id: text.optional(),
  grant_id: text.optional(),
  actor: text.optional(),
  type: z.enum(allAuditActions, `must be one of ${allAuditActions.join(', ')}`).optional(),
  environment: environment.optional(),
  since: since.optional(),
  until: until.optional(),
};

/** Entries on a page. */
export function pageSize(largest: number) {
  const message = `must be a whole number from 1 to ${largest}`;
  return z.coerce.number(message).int(message).min(1, message).max(largest, message).default(100);
}

/** Query of `GET /api/audit`. */
export const auditQuery = z
  .object({
    ...auditFilters,
    limit: pageSize(1000),
    cursor,
  })
  .refine(isInOrder, notInOrder);
export type AuditQuery = z.infer<typeof auditQuery>;

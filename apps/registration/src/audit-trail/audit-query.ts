import type { AuditPosition } from '@payer/service';
import { allAuditActions, environments } from '@payer/smart';
import { z } from 'zod';

const instant = z.iso.datetime({ offset: true, error: 'must be an instant like 2026-11-25T08:00:00Z' });
const text = z.string().trim().min(1).max(200);

/** What `next` of an answer says: where the next page begins. Nothing is hidden in it. */
const cursor = z
  .string()
  .transform((value, context) => {
    const [at, id, rest] = Buffer.from(value, 'base64url').toString().split(' ');
    if (rest === undefined && instant.safeParse(at).success && id && /^[\da-f-]{1,36}$/.test(id))
      return { at, id } as AuditPosition;
    context.addIssue({ code: 'custom', message: 'must be the `next` of an answer' });
    return z.NEVER;
  })
  .optional();

export function cursorOf({ at, id }: AuditPosition): string {
  return Buffer.from(`${at} ${id}`).toString('base64url');
}

/** Query of `GET /api/audit`. */
export const auditQuery = z.object({
  client_id: text.optional(),
  grant_id: text.optional(),
  actor: text.optional(),
  type: z.enum(allAuditActions, `must be one of ${allAuditActions.join(', ')}`).optional(),
  environment: z.enum(environments, `must be one of ${environments.join(', ')}`).optional(),
  since: instant.optional(),
  until: instant.optional(),
  limit: z.coerce.number('must be a number').int().min(1).max(1000).default(100),
  cursor,
});
export type AuditQuery = z.infer<typeof auditQuery>;

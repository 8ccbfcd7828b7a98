import { rowsOf, type Queryable } from '@payer/service';
import { z } from 'zod';
import type { Actor } from '../sessions/actor.js';
import { changedAnswer, type Answers, type ChangedAnswer } from './questions.js';

const entryKinds = [
  'submitted',
  'resubmitted',
  'withdrawn',
  'message',
  'changes-requested',
  'approved',
  'rejected',
  'appealed',
] as const;
export type EntryKind = (typeof entryKinds)[number];

/** One step of a request, or one message of its conversation. */
export const historyEntry = z.object({
  at: z.iso.datetime(),
  by: z.enum(['developer', 'platform']),
  /** Name of the person. */
  name: z.string(),
  kind: z.enum(entryKinds),
  text: z.string().nullable(),
  /** The answers that changed since the previous submission. */
  changed: z.array(changedAnswer),
  /** The security risk of a rejection. */
  reason: z.string().nullable(),
});
export type HistoryEntry = z.infer<typeof historyEntry>;

/** Adds a step in the transaction that makes it. */
export async function addEntry(
  db: Queryable,
  requestId: string,
  actor: Actor,
  entry: {
    kind: EntryKind;
    text?: string | null;
    reason?: string | null;
    changed?: readonly ChangedAnswer[];
    /** The answers as submitted, for the comparison with the next submission. */
    answers?: Answers;
  },
): Promise<void> {
  const { kind, text = null, ...detail } = entry;
  await db.query(
    `INSERT INTO production_request_entry (request_id, actor_role, actor_name, actor, kind, text, detail)
     VALUES ($1, $2, $3, $4, $5, $6, $7)`,
    [requestId, actor.role, actor.name, actor.email, kind, text, JSON.stringify(detail)],
  );
}

/** The steps and messages of a request, the oldest first. At most 500. */
export async function historyOf(db: Queryable, requestId: string): Promise<HistoryEntry[]> {
  const rows = await rowsOf<
    Omit<HistoryEntry, 'at' | 'changed' | 'reason'> & {
      at: Date;
      detail: { changed?: ChangedAnswer[]; reason?: string | null };
    }
  >(
    db,
    `SELECT at, actor_role AS by, actor_name AS name, kind, text, detail FROM production_request_entry
     WHERE request_id = $1 ORDER BY id LIMIT 500`,
    [requestId],
  );
  return rows.map(({ at, detail, ...entry }) => ({
    ...entry,
    at: at.toISOString(),
    changed: detail.changed ?? [],
    reason: detail.reason ?? null,
  }));
}

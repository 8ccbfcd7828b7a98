import { Problem, rowsOf, type Queryable } from '@payer/service';
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

/** The most steps and messages of one developer in a day: each is a mail to every reviewer. */
const maxPerDay = 100;

/**
 * Adds a step in the transaction that makes it.
 * @throws Problem 409 when the developer has added too many today. A withdrawal is never too many
 */
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
  if (actor.role === 'developer' && kind !== 'withdrawn') await refuseTooMany(db, actor);
  await db.query(
    `INSERT INTO production_request_entry (request_id, actor_role, actor_name, actor, kind, text, detail)
     VALUES ($1, $2, $3, $4, $5, $6, $7)`,
    [requestId, actor.role, actor.name, actor.email, kind, text, JSON.stringify(detail)],
  );
}

/** The lock serializes concurrent entries of one developer, so that each one is counted. */
async function refuseTooMany(db: Queryable, { email }: Actor): Promise<void> {
  await db.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [`request entry ${email}`]);
  const [today] = await rowsOf<{ entries: number }>(
    db,
    `SELECT count(*)::integer AS entries FROM production_request_entry
     WHERE actor = $1 AND actor_role = 'developer' AND at > now() - interval '1 day'`,
    [email],
  );
  if ((today?.entries ?? 0) >= maxPerDay)
    throw new Problem(
      409,
      'too_many_messages',
      `One person writes to the platform team ${maxPerDay} times a day. Try again tomorrow.`,
    );
}

/** The newest 500 steps and messages of a request, the oldest first. */
export async function historyOf(db: Queryable, requestId: string): Promise<HistoryEntry[]> {
  const rows = await rowsOf<
    Omit<HistoryEntry, 'at' | 'changed' | 'reason'> & {
      at: Date;
      id: string;
      detail: { changed?: ChangedAnswer[]; reason?: string | null };
    }
  >(
    db,
    `SELECT * FROM (
       SELECT id, at, actor_role AS by, actor_name AS name, kind, text, detail FROM production_request_entry
       WHERE request_id = $1 ORDER BY id DESC LIMIT 500) AS newest ORDER BY id`,
    [requestId],
  );
  return rows.map(({ id: _id, at, detail, ...entry }) => ({
    ...entry,
    at: at.toISOString(),
    changed: detail.changed ?? [],
    reason: detail.reason ?? null,
  }));
}

import { Injectable } from '@nestjs/common';
import { rowsOf } from '@payer/service';
import { DataSource } from 'typeorm';
import { z } from 'zod';
import { organizationName } from '../apps/app-organization.js';
import { daysOf } from './report-period.js';

/** A decision of the platform team. */
export const decisionRow = z.object({
  decided_at: z.iso.datetime(),
  client_id: z.string(),
  client_name: z.string(),
  organization: z.string(),
  subject: z.enum(['production request', 'change']),
  decision: z.string(),
  /** The security risk of a rejection. */
  reason: z.string().nullable(),
  note: z.string().nullable(),
  decided_by: z.string(),
  /** Hours from the submission to the decision. */
  hours: z.number().nullable(),
});
export type DecisionRow = z.infer<typeof decisionRow>;

/** The decisions of a year with their times and reasons. */
export const decisionsReport = z.object({
  year: z.int(),
  /** Hours within which half of the decisions were made. Null without a decision. */
  median_hours: z.number().nullable(),
  decisions: z.array(decisionRow),
});
export type DecisionsReport = z.infer<typeof decisionsReport>;

/** Reads decisions from the history of requests, and from the changes of approved apps. */
@Injectable()
export class DecisionsReports {
  constructor(private readonly source: DataSource) {}

  /** The newest first, at most 5,000. */
  async of(year: number): Promise<DecisionsReport> {
    const { first, next } = daysOf(year);
    const rows = await rowsOf<Omit<DecisionRow, 'decided_at'> & { decided_at: Date }>(
      this.source,
      `WITH decision AS (
         SELECT entry.at AS decided_at, request.client_id, 'production request' AS subject, entry.kind AS decision,
                entry.detail->>'reason' AS reason, entry.text AS note, entry.actor AS decided_by,
                (SELECT max(asked.at) FROM production_request_entry AS asked
                 WHERE asked.request_id = entry.request_id AND asked.id < entry.id
                   AND asked.kind IN ('submitted', 'resubmitted', 'appealed')) AS asked_at
         FROM production_request_entry AS entry JOIN production_request AS request ON request.id = request_id
         WHERE entry.kind IN ('approved', 'rejected', 'changes-requested')
         UNION ALL
         SELECT decided_at, client_id, 'change', status, reason, note, decided_by, created_at
         FROM app_change WHERE status IN ('approved', 'rejected')
       )
       SELECT decided_at, client_id, client_name, ${organizationName} AS organization, subject, decision, reason, note, decided_by,
              round(extract(epoch FROM decided_at - asked_at) / 3600, 1)::float8 AS hours
       FROM decision JOIN app USING (client_id)
       WHERE decided_at >= $1::timestamp AT TIME ZONE 'UTC' AND decided_at < $2::timestamp AT TIME ZONE 'UTC'
       ORDER BY decided_at DESC LIMIT 5000`,
      [first, next],
    );
    const decisions = rows.map((row) => ({ ...row, decided_at: row.decided_at.toISOString() }));
    return { year, median_hours: medianOf(decisions.flatMap(({ hours }) => hours ?? [])), decisions };
  }
}

function medianOf(values: number[]): number | null {
  if (values.length === 0) return null;
  const sorted = [...values].sort((one, other) => one - other);
  const middle = Math.floor(sorted.length / 2);
  const [low = 0, high = 0] = [sorted[Math.ceil(sorted.length / 2) - 1], sorted[middle]];
  return Math.round(((low + high) / 2) * 10) / 10;
}

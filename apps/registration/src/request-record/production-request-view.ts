import { z } from 'zod';
import {
  editableStatuses,
  productionRequestStatuses,
  type ProductionRequest,
} from './production-request.entity.js';
import { answersSchema, missingAnswers } from './questions.js';
import { historyEntry, type HistoryEntry } from './request-history.js';
import { securityRiskKeys } from './security-risks.js';

/** A production request in the answers of the API. */
export const productionRequestView = z.object({
  id: z.uuid(),
  client_id: z.string(),
  status: z.enum(productionRequestStatuses).describe('pending means submitted'),
  use_case: z.string().nullable(),
  contact: z.string().nullable(),
  answers: answersSchema,
  /** Needed questions without an answer. */
  missing: z.array(z.string()),
  /** The platform team's note. */
  note: z.string().nullable(),
  /** The security risk of a rejection. */
  reason: z.enum(securityRiskKeys).nullable(),
  can_appeal: z.boolean(),
  created_at: z.iso.datetime(),
  submitted_at: z.iso.datetime().nullable(),
  submissions: z.int(),
  appealed_at: z.iso.datetime().nullable(),
  decided_at: z.iso.datetime().nullable(),
});
export type ProductionRequestView = z.infer<typeof productionRequestView>;

/** A request with its history and conversation. */
export const requestWithHistory = productionRequestView.extend({ history: z.array(historyEntry) });
export type RequestWithHistory = ProductionRequestView & { history: HistoryEntry[] };

export function viewOfRequest(request: ProductionRequest): ProductionRequestView {
  const isEditable = editableStatuses.includes(request.status);
  return {
    id: request.id,
    client_id: request.client_id,
    status: request.status,
    use_case: request.use_case,
    contact: request.contact,
    answers: request.answers,
    missing: missingAnswers(request.answers).map(({ name }) => name),
    note: request.note,
    reason: request.reason,
    can_appeal: request.status === 'rejected' && request.appealed_at === null,
    created_at: request.created_at.toISOString(),
    // The previous version of the service writes no time of submission.
    submitted_at: (request.submitted_at ?? (isEditable ? null : request.created_at))?.toISOString() ?? null,
    submissions: request.submissions,
    appealed_at: request.appealed_at?.toISOString() ?? null,
    decided_at: request.decided_at?.toISOString() ?? null,
  };
}

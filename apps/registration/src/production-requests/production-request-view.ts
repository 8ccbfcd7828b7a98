import { z } from 'zod';
import { productionRequestStatuses, type ProductionRequest } from './production-request.entity.js';

/** A production request in the answers of the API. */
export const productionRequestView = z.object({
  id: z.uuid(),
  client_id: z.string(),
  status: z.enum(productionRequestStatuses),
  use_case: z.string().nullable(),
  contact: z.string().nullable(),
  /** The platform team's note. */
  note: z.string().nullable(),
  created_at: z.iso.datetime(),
  decided_at: z.iso.datetime().nullable(),
});
export type ProductionRequestView = z.infer<typeof productionRequestView>;

export function viewOfRequest(request: ProductionRequest): ProductionRequestView {
  return {
    id: request.id,
    client_id: request.client_id,
    status: request.status,
    use_case: request.use_case,
    contact: request.contact,
    note: request.note,
    created_at: request.created_at.toISOString(),
    decided_at: request.decided_at?.toISOString() ?? null,
  };
}

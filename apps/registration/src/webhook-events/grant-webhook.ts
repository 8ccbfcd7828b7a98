import type { Queryable } from '@payer/service';
import type { GrantState } from '@payer/smart';
import { queueWebhook } from './queue-webhook.js';

/** Milliseconds after which the end of a grant is no news: the event log is read again after a restore. */
const newsFor = 3 * 24 * 3600 * 1000;

/** Queues the end of a grant for its app. The message names the grant and says nothing about the member. */
export async function queueEndedGrant(db: Queryable, grant: GrantState): Promise<void> {
  const endedAt = grant.revoked_at ?? grant.expires_at;
  if (grant.status !== 'revoked' || Date.parse(endedAt) < Date.now() - newsFor) return;
  await queueWebhook(db, {
    type: 'grant.ended',
    client_id: grant.client_id,
    data: {
      environment: grant.environment,
      grant_id: grant.grant_id,
      reason: grant.revoked_reason,
      ended_at: endedAt,
    },
    cause: grant.grant_id,
  });
}

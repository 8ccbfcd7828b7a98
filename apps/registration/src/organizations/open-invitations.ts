import { rowsOf, type Queryable } from '@payer/service';
import { organizationRoles, roleAllows } from '../organization-rights/organization-rights.js';
import type { Actor } from '../sessions/actor.js';
import { recordAct } from './organization-acts.js';

/** The roles whose invitations are worth something, as a list in SQL. */
const invitingRoles = organizationRoles
  .filter((role) => roleAllows(role, 'manage'))
  .map((role) => `'${role}'`)
  .join(', ');

/** SQL condition: an invitation can be accepted, and its sender may still invite. */
export const isAcceptable = `closed_at IS NULL AND expires_at > now() AND EXISTS (
  SELECT 1 FROM account AS inviter JOIN organization_member AS membership ON account_id = inviter.id
  WHERE lower(inviter.email) = lower(invitation.invited_by) AND inviter.ended_at IS NULL
    AND membership.organization_id = invitation.organization_id AND membership.role IN (${invitingRoles}))`;

/**
 * Withdraws the open invitations that a person sent, because the person may invite no more. Otherwise an
 * invitation to a second address of the person would be a way back.
 */
export async function withdrawInvitationsOf(
  db: Queryable,
  actor: Actor,
  organizationId: string,
  email: string,
): Promise<void> {
  const closed = await rowsOf<{ email: string }>(
    db,
    `UPDATE organization_invitation SET closed_at = now()
     WHERE organization_id = $1 AND lower(invited_by) = lower($2) AND closed_at IS NULL AND expires_at > now()
     RETURNING email`,
    [organizationId, email],
  );
  for (const { email: person } of closed)
    await recordAct(db, actor, organizationId, 'organization-invitation-withdrawn', { person });
}

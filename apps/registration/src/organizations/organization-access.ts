import { Problem, rowsOf, type Queryable } from '@payer/service';
import {
  roleAllows,
  roleIn,
  rolesAllowing,
  type Membership,
  type OrganizationRight,
  type OrganizationRole,
} from '../organization-rights/organization-rights.js';
import type { Actor } from '../sessions/actor.js';

/**
 * The actor's role in the organization. A stranger does not learn whether the organization exists.
 * @throws Problem 404 for a stranger, 403 for a member whose role lacks the right
 */
export function checkOrganization(actor: Actor, id: string, right: OrganizationRight): OrganizationRole {
  const role = roleIn(actor, id);
  if (!role)
    throw new Problem(
      404,
      'organization_not_found',
      'There is no such organization, or you do not belong to it.',
    );
  if (!roleAllows(role, right))
    throw new Problem(
      403,
      'role_missing',
      `This needs the role ${rolesAllowing(right)} in the organization.`,
    );
  return role;
}

/**
 * Like {@link checkOrganization}, with the role as it is in the transaction: it may have changed since the
 * request began. Call it under a lock on the organization, which every change of roles takes.
 */
export async function checkOrganizationNow(
  db: Queryable,
  actor: Actor,
  id: string,
  right: OrganizationRight,
): Promise<void> {
  const memberships = await rowsOf<Membership>(
    db,
    'SELECT organization_id, role FROM organization_member WHERE organization_id = $1 AND account_id = $2',
    [id, actor.id],
  );
  checkOrganization({ ...actor, memberships }, id, right);
}

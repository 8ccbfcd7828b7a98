import { Problem } from '@payer/service';
import { roleAllows, roleIn, rolesAllowing } from '../organization-rights/organization-rights.js';
import type { Actor } from '../sessions/actor.js';
import type { App } from './app.entity.js';

/**
 * The purpose of a call: to see an app, to develop it as a member of its organization, or to govern it as the
 * platform team.
 */
export type AppAccess = 'see' | 'develop' | 'govern';

/**
 * A developer reaches the apps of their organizations until the apps are deleted, and changes them where
 * their role allows it. Apps of other organizations are reported as not found. The platform team sees and
 * governs every app, but edits none.
 *
 * @throws Problem 404 or 403
 */
export function checkAccess(actor: Actor, app: App | null, access: AppAccess): asserts app is App {
  const isPlatform = actor.role === 'platform';
  const role = app === null ? undefined : roleIn(actor, app.organization_id);
  const visible = app !== null && (isPlatform || (roleAllows(role, 'see') && app.status !== 'deleted'));
  if (!visible) throw new Problem(404, 'app_not_found', 'There is no such app, or it is not one of yours.');
  if (access === 'govern' && !isPlatform)
    throw new Problem(403, 'platform_team_only', 'Only the platform team of the health plan may do this.');
  if (access === 'develop' && isPlatform)
    throw new Problem(403, 'developer_only', 'Only the developer of the app may do this.');
  if (access === 'develop' && !roleAllows(role, 'develop'))
    throw new Problem(
      403,
      'role_missing',
      `This needs the role ${rolesAllowing('develop')} in the organization of the app.`,
    );
  if (access !== 'see' && app.status === 'deleted')
    throw new Problem(409, 'app_deleted', 'The app was deleted; nothing about it can be changed.');
}

/** Whether the actor may change the app, for pages that hide forms which would be refused. */
export const mayDevelop = (actor: Actor, app: Pick<App, 'organization_id'>): boolean =>
  actor.role === 'developer' && roleAllows(roleIn(actor, app.organization_id), 'develop');

/**
 * The organization of a new app: the wanted one, or the developer's own, or the first in which the developer
 * may create apps.
 * @throws Problem 404 for an organization of others, 403 for a viewer and without any organization
 */
export function organizationFor(actor: Actor, wanted?: string): string {
  const able = (actor.memberships ?? []).filter(({ role }) => roleAllows(role, 'develop'));
  if (wanted !== undefined) {
    const role = roleIn(actor, wanted);
    if (!role)
      throw new Problem(
        404,
        'organization_not_found',
        'There is no such organization, or you do not belong to it.',
      );
    if (!roleAllows(role, 'develop'))
      throw new Problem(
        403,
        'role_missing',
        `This needs the role ${rolesAllowing('develop')} in the organization.`,
      );
    return wanted;
  }
  // The first organization of an account has the account's id.
  const chosen = able.find(({ organization_id }) => organization_id === actor.id) ?? able[0];
  if (!chosen)
    throw new Problem(
      403,
      'organization_required',
      'You may create apps in no organization. Create one, or ask an admin of yours for the role Developer.',
    );
  return chosen.organization_id;
}

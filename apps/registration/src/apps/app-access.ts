import { Problem } from '@payer/service';
import type { Actor } from '../sessions/actor.js';
import type { App } from './app.entity.js';

/** The purpose of a call: to see an app, to develop it as its owner, or to govern it as the platform team. */
export type AppAccess = 'see' | 'develop' | 'govern';

/**
 * A developer reaches their own apps until the apps are deleted. Other developers' apps are reported as not
 * found. The platform team sees and governs every app, but edits none.
 *
 * @throws Problem 404 or 403
 */
export function checkAccess(actor: Actor, app: App | null, access: AppAccess): asserts app is App {
  const isPlatform = actor.role === 'platform';
  const visible = app !== null && (isPlatform || (app.owner_id === actor.id && app.status !== 'deleted'));
  if (!visible) throw new Problem(404, 'app_not_found', 'There is no such app, or it is not one of yours.');
  if (access === 'govern' && !isPlatform)
    throw new Problem(403, 'platform_team_only', 'Only the platform team of the health plan may do this.');
  if (access === 'develop' && isPlatform)
    throw new Problem(403, 'developer_only', 'Only the developer of the app may do this.');
  if (access !== 'see' && app.status === 'deleted')
    throw new Problem(409, 'app_deleted', 'The app was deleted; nothing about it can be changed.');
}

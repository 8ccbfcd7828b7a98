import { SetMetadata } from '@nestjs/common';
import { Problem } from '@payer/service';
import { mayDo, rolesWith, type Duty } from '../team-roles/team-roles.js';
import type { Actor } from './actor.js';

/** Key of the metadata that {@link NeedsDuty} writes. */
export const dutyKey = 'duty';

/** The duty that a call of the JSON API needs. PlatformTeamGuard checks it. */
export const NeedsDuty = (duty: Duty) => SetMetadata(dutyKey, duty);

/** @throws Problem 403 for developers, and for a member of the team without a role that has the duty */
export function checkDuty(actor: Actor, duty: Duty | undefined): void {
  if (actor.role !== 'platform')
    throw new Problem(403, 'platform_team_only', 'Only the platform team of the health plan may do this.');
  if (duty && !mayDo(actor.team_roles ?? [], duty))
    throw new Problem(
      403,
      'role_missing',
      `This needs the role ${rolesWith(duty)}; an administrator of the platform team assigns it.`,
    );
}

/** Whether the person may do it, for pages that hide forms which would be refused. */
export const hasDuty = (actor: Actor, duty: Duty): boolean =>
  actor.role === 'platform' && mayDo(actor.team_roles ?? [], duty);

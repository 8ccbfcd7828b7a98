import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import type { Membership } from '../organization-rights/organization-rights.js';
import type { TeamRole } from '../team-roles/team-roles.js';
import type { AccountRole } from './account.entity.js';

/** The account that makes a request. */
export interface Actor {
  id: string;
  role: AccountRole;
  name: string;
  organization: string;
  email: string;
  /** Roles in the platform team. Absent for developers. */
  team_roles?: readonly TeamRole[];
  /** Organizations of a developer. Absent means none. */
  memberships?: readonly Membership[];
}

/** A request with the account that a guard has admitted. */
export interface SignedInRequest extends FastifyRequest {
  actor: Actor;
  sessionToken: string;
}

/** The signed-in {@link Actor} of a guarded handler. */
export const CurrentActor = createParamDecorator(
  (_data: unknown, context: ExecutionContext): Actor =>
    context.switchToHttp().getRequest<SignedInRequest>().actor,
);

import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import type { AccountRole } from './account.entity.js';

/** Who makes a request. */
export interface Actor {
  id: string;
  role: AccountRole;
  name: string;
  organization: string;
  email: string;
}

/** What a guard leaves on a request it let through. */
export interface SignedInRequest extends FastifyRequest {
  actor: Actor;
  sessionToken: string;
}

/** The signed-in {@link Actor} of a guarded handler. */
export const CurrentActor = createParamDecorator(
  (_data: unknown, context: ExecutionContext): Actor =>
    context.switchToHttp().getRequest<SignedInRequest>().actor,
);

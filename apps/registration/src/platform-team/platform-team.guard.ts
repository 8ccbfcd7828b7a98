import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Problem } from '@payer/service';
import type { SignedInRequest } from '../developers/actor.js';

/** Admits only the platform team. Runs after the guard that signs in. */
@Injectable()
export class PlatformTeamGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const { actor } = context.switchToHttp().getRequest<SignedInRequest>();
    if (actor.role !== 'platform')
      throw new Problem(403, 'platform_team_only', 'Only the platform team of the health plan may do this.');
    return true;
  }
}

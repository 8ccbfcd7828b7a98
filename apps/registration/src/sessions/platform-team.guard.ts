import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { SignedInRequest } from './actor.js';
import { checkDuty, dutyKey } from './duties.js';
import type { Duty } from '../team-roles/team-roles.js';

/** Admits the platform team, and only persons with the duty of `@NeedsDuty`. Runs after the sign-in guard. */
@Injectable()
export class PlatformTeamGuard implements CanActivate {
  constructor(private readonly reflector: Reflector) {}

  canActivate(context: ExecutionContext): boolean {
    const duty = this.reflector.getAllAndOverride<Duty | undefined>(dutyKey, [
      context.getHandler(),
      context.getClass(),
    ]);
    checkDuty(context.switchToHttp().getRequest<SignedInRequest>().actor, duty);
    return true;
  }
}

import { Controller } from '@nestjs/common';
import { EventPattern, Payload } from '@nestjs/microservices';
import type { CloudEvent } from '@payer/smart';
import { ActivityService } from './activity.service.js';

/** Hears how apps are used from the services that see it. */
@Controller()
export class ActivityEvents {
  constructor(private readonly activity: ActivityService) {}

  @EventPattern('access-recorded')
  onAccessRecorded(@Payload() event: CloudEvent<'access-recorded'>): Promise<void> {
    return this.activity.applyTotals(event.data);
  }

  @EventPattern('authorization-failed')
  onAuthorizationFailed(@Payload() event: CloudEvent<'authorization-failed'>): Promise<void> {
    return this.activity.applyFailedAuthorization(event.data);
  }
}

import { Controller } from '@nestjs/common';
import { EventPattern, Payload } from '@nestjs/microservices';
import type { CloudEvent } from '@payer/smart';
import { ActivityService } from './activity.service.js';
import { AppRequests } from './app-requests.js';

/** Consumes the events about the use of apps. */
@Controller()
export class ActivityEvents {
  constructor(
    private readonly activity: ActivityService,
    private readonly requests: AppRequests,
  ) {}

  @EventPattern('access-recorded')
  onAccessRecorded(@Payload() event: CloudEvent<'access-recorded'>): Promise<void> {
    return this.activity.applyTotals(event.data);
  }

  @EventPattern('authorization-failed')
  onAuthorizationFailed(@Payload() event: CloudEvent<'authorization-failed'>): Promise<void> {
    return this.requests
      .applyFailedAuthorization(event.data)
      .then(() => this.activity.applyFailedAuthorization(event.data));
  }

  @EventPattern('requests-recorded')
  onRequestsRecorded(@Payload() event: CloudEvent<'requests-recorded'>): Promise<void> {
    return this.requests.applyBatch(event.data);
  }
}

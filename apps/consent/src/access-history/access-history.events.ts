import { Controller } from '@nestjs/common';
import { EventPattern, Payload } from '@nestjs/microservices';
import type { CloudEvent } from '@payer/smart';
import { AccessHistory } from './access-history.js';

/** Consumes the totals of fhir-api's access log. */
@Controller()
export class AccessEvents {
  constructor(private readonly history: AccessHistory) {}

  @EventPattern('access-recorded')
  onAccessRecorded(@Payload() event: CloudEvent<'access-recorded'>): Promise<void> {
    return this.history.apply(event.data);
  }
}

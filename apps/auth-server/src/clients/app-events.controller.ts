import { Controller } from '@nestjs/common';
import { EventPattern, Payload } from '@nestjs/microservices';
import { applyAppState } from '@payer/service';
import type { CloudEvent } from '@payer/smart';
import { DataSource } from 'typeorm';

/** Keeps the replicated app model. */
@Controller()
export class AppEventsController {
  constructor(private readonly source: DataSource) {}

  @EventPattern('app-registered')
  onRegistered(@Payload() event: CloudEvent<'app-registered'>): Promise<boolean> {
    return applyAppState(this.source, event.data);
  }

  @EventPattern('app-updated')
  onUpdated(@Payload() event: CloudEvent<'app-updated'>): Promise<boolean> {
    return applyAppState(this.source, event.data);
  }

  @EventPattern('app-approved')
  onApproved(@Payload() event: CloudEvent<'app-approved'>): Promise<boolean> {
    return applyAppState(this.source, event.data);
  }

  @EventPattern('app-suspended')
  onSuspended(@Payload() event: CloudEvent<'app-suspended'>): Promise<boolean> {
    return applyAppState(this.source, event.data);
  }
}

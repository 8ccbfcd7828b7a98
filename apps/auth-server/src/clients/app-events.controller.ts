import { Controller } from '@nestjs/common';
import { EventPattern, Payload } from '@nestjs/microservices';
import { applyAppState } from '@payer/service';
import { appEventTypes, type AppEventType, type CloudEvent } from '@payer/smart';
import { DataSource } from 'typeorm';

/** Keeps the service's own copy of the apps. */
@Controller()
export class AppEventsController {
  constructor(private readonly source: DataSource) {}

  @EventPattern([...appEventTypes])
  onAppState(@Payload() event: CloudEvent<AppEventType>): Promise<boolean> {
    return applyAppState(this.source, event.data);
  }
}

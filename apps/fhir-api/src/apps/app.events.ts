import { Controller } from '@nestjs/common';
import { EventPattern, Payload } from '@nestjs/microservices';
import { appEventTypes, type AppEventType, type CloudEvent } from '@payer/smart';
import { Apps } from './apps.js';

@Controller()
export class AppEvents {
  constructor(private readonly apps: Apps) {}

  @EventPattern([...appEventTypes])
  onAppState(@Payload() event: CloudEvent<AppEventType>): void {
    this.apps.apply(event.data);
  }
}

import { Controller } from '@nestjs/common';
import { EventPattern, Payload } from '@nestjs/microservices';
import { applyAppState } from '@payer/service';
import { appEventTypes, type AppEventType, type CloudEvent } from '@payer/smart';
import { DataSource } from 'typeorm';
import { AppMemory } from './app-memory.js';

/** Keeps the service's own copy of the apps. */
@Controller()
export class AppEvents {
  constructor(
    private readonly source: DataSource,
    private readonly memory: AppMemory,
  ) {}

  @EventPattern([...appEventTypes])
  async onAppState(@Payload() event: CloudEvent<AppEventType>): Promise<boolean> {
    const isNewer = await applyAppState(this.source, event.data);
    this.memory.forget(event.data.client_id);
    return isNewer;
  }
}

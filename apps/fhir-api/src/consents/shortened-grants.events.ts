import { Controller } from '@nestjs/common';
import { EventPattern, Payload } from '@nestjs/microservices';
import type { CloudEvent } from '@payer/smart';
import { ShortenedGrants } from './shortened-grants.js';

@Controller()
export class ShortenedGrantEvents {
  constructor(private readonly grants: ShortenedGrants) {}

  @EventPattern('grant-shortened')
  onGrantShortened(@Payload() event: CloudEvent<'grant-shortened'>): void {
    this.grants.apply(event.data);
  }
}

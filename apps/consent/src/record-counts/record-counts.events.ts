import { Controller } from '@nestjs/common';
import { EventPattern, Payload } from '@nestjs/microservices';
import type { CloudEvent } from '@payer/smart';
import { RecordCounts } from './record-counts.js';

/** Consumes the numbers of members' records. */
@Controller()
export class RecordCountEvents {
  constructor(private readonly counts: RecordCounts) {}

  @EventPattern('records-counted')
  onRecordsCounted(@Payload() event: CloudEvent<'records-counted'>): Promise<void> {
    return this.counts.apply(event.data);
  }
}

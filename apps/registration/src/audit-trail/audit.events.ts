import { Controller } from '@nestjs/common';
import { EventPattern, Payload } from '@nestjs/microservices';
import { keepAuditEntry } from '@payer/service';
import type { CloudEvent } from '@payer/smart';
import { DataSource } from 'typeorm';

/** Consumes the audit entries of the other services. */
@Controller()
export class AuditEvents {
  constructor(private readonly source: DataSource) {}

  @EventPattern('audit-recorded')
  onAuditRecorded(@Payload() event: CloudEvent<'audit-recorded'>): Promise<void> {
    return keepAuditEntry(this.source, event.data);
  }
}

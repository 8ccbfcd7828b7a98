import { Controller } from '@nestjs/common';
import { EventPattern, Payload } from '@nestjs/microservices';
import { Batches, keepAuditEntries, keepAuditEntry, togetherOrAlone } from '@payer/service';
import type { AuditEntry, CloudEvent } from '@payer/smart';
import { DataSource } from 'typeorm';

/** Consumes the audit entries of the other services. Entries that arrive together are one statement. */
@Controller()
export class AuditEvents {
  private readonly entries: Batches<AuditEntry, void>;

  constructor(source: DataSource) {
    this.entries = new Batches(
      togetherOrAlone(
        (entries) => keepAuditEntries(source, entries),
        (entry) => keepAuditEntry(source, entry),
      ),
      { lanes: 1, largest: 50 },
    );
  }

  @EventPattern('audit-recorded')
  onAuditRecorded(@Payload() { data }: CloudEvent<'audit-recorded'>): Promise<void> {
    return this.entries.add(data);
  }
}

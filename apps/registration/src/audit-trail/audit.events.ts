import { Controller } from '@nestjs/common';
import { EventPattern, Payload } from '@nestjs/microservices';
import { keepAuditEntries, keepAuditEntry } from '@payer/service';
import type { AuditEntry, CloudEvent } from '@payer/smart';
import { DataSource } from 'typeorm';

interface Arrived {
  entry: AuditEntry;
  resolve(): void;
  reject(error: unknown): void;
}

/** Consumes the audit entries of the other services. Entries that arrive together are one statement. */
@Controller()
export class AuditEvents {
  private arrived: Arrived[] = [];

  constructor(private readonly source: DataSource) {}

  @EventPattern('audit-recorded')
  onAuditRecorded(@Payload() { data }: CloudEvent<'audit-recorded'>): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.arrived.push({ entry: data, resolve, reject }) === 1) setImmediate(() => void this.keep());
    });
  }

  /**
   * Never rejects. An entry that cannot be stored fails alone: after a failure each is a statement by itself.
   */
  private async keep(): Promise<void> {
    const arrived = this.arrived;
    this.arrived = [];
    try {
      await keepAuditEntries(
        this.source,
        arrived.map(({ entry }) => entry),
      );
      for (const { resolve } of arrived) resolve();
    } catch {
      await Promise.all(
        arrived.map(({ entry, resolve, reject }) => keepAuditEntry(this.source, entry).then(resolve, reject)),
      );
    }
  }
}

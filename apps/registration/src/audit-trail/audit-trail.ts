import { Injectable } from '@nestjs/common';
import { readAudit } from '@payer/service';
import type { AuditEntry } from '@payer/smart';
import { DataSource } from 'typeorm';
import { cursorOf, type AuditQuery } from './audit-query.js';
import { DataAccess } from './data-access.js';

export interface AuditPage {
  /** The newest first. */
  entries: AuditEntry[];
  /** `cursor` of the next page; null when there is none. */
  next: string | null;
}

/** What happened, in all services: acts from the own trail, which holds the others', and data access from fhir-api. */
@Injectable()
export class AuditTrail {
  constructor(
    private readonly source: DataSource,
    private readonly dataAccess: DataAccess,
  ) {}

  async find(query: AuditQuery): Promise<AuditPage> {
    const { limit, cursor, ...filter } = query;
    const entries =
      query.type === 'data-access'
        ? await this.dataAccess.find(query)
        : await readAudit(this.source, filter, limit, cursor);
    const last = entries.at(-1);
    return { entries, next: last && entries.length === limit ? cursorOf(last) : null };
  }
}

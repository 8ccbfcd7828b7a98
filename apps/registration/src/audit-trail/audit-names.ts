import { Injectable } from '@nestjs/common';
import { rowsOf } from '@payer/service';
import type { AuditEntry } from '@payer/smart';
import { DataSource } from 'typeorm';
import type { Act } from '../audit-sentences/act.js';
import { AppSearch } from './app-search.js';

/** Adds the names of apps and organizations to entries of the audit trail. */
@Injectable()
export class AuditNames {
  constructor(
    private readonly source: DataSource,
    private readonly apps: AppSearch,
  ) {}

  /** The entries as acts, in the same order. */
  async actsOf(entries: readonly AuditEntry[]): Promise<Act[]> {
    const appName = await this.apps.named(entries.flatMap(({ client_id }) => client_id ?? []));
    const organizations = await this.organizationNames(
      entries.flatMap(({ detail }) => (detail.organization_id ? String(detail.organization_id) : [])),
    );
    return entries.map((entry) => ({
      ...entry,
      app: entry.client_id ? { text: appName(entry.client_id), href: `/apps/${entry.client_id}` } : null,
      organization: organizations.get(String(entry.detail.organization_id)) ?? null,
    }));
  }

  private async organizationNames(ids: readonly string[]): Promise<Map<string, string>> {
    if (ids.length === 0) return new Map();
    const rows = await rowsOf<{ id: string; name: string }>(
      this.source,
      'SELECT id, name FROM organization WHERE id::text = ANY($1)',
      [[...new Set(ids)]],
    );
    return new Map(rows.map(({ id, name }) => [id, name]));
  }
}

import { createHash, randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import { Injectable, Logger } from '@nestjs/common';
import { Problem, recordAudit, type AuditPosition } from '@payer/service';
import { environments, type AuditEntry, type Environment } from '@payer/smart';
import { DataSource } from 'typeorm';
import { z } from 'zod';
import type { Actor } from '../sessions/actor.js';
import { plainText } from '../developers/account-fields.js';
import { auditFilters } from './audit-query.js';
import { isInOrder, notInOrder } from '../http/time-filter.js';
import { AuditTrail, type AuditSelection, type PageOf } from './audit-trail.js';
import { csvHead, csvLine } from '../http/csv.js';

const pageSize = 1000;
const attempts = 4;
/** Milliseconds. Younger records may not have reached the database yet. */
const settling = 15_000;

const exportFields = {
  ...auditFilters,
  format: z.enum(['ndjson', 'csv'], 'must be ndjson or csv').default('ndjson'),
  reason: plainText(1000).min(1, 'must not be empty: say for whom and why the trail is exported'),
};
/** Body of `POST /api/audit/export`: the filters of `GET /api/audit`, the format, and the reason. */
export const exportBody = z
  .strictObject(exportFields, {
    error: ({ code }) =>
      code === 'unrecognized_keys' ? `use only ${Object.keys(exportFields).join(', ')}` : undefined,
  })
  .refine(isInOrder, notInOrder);
export type ExportRequest = z.infer<typeof exportBody>;

export interface Export {
  /** Names the export in the audit trail. */
  id: string;
  body: Readable;
}

/** The last line of an export: its content, and a digest of all preceding bytes. */
export interface Manifest {
  export_id: string;
  exported_by: string;
  reason: string;
  started_at: string;
  /** The filters as given. `until` defaults to the time of the export. */
  filters: Record<string, unknown>;
  entries: number;
  sha256: string;
  complete: true;
}

/**
 * Exports the audit trail for a legal request: every matching act and data access, the oldest first, as a
 * stream. A file without the manifest at its end is incomplete. The audit trail records the actor and the
 * reason before the first byte leaves.
 */
@Injectable()
export class AuditExport {
  private readonly logger = new Logger('audit');

  constructor(
    private readonly trail: AuditTrail,
    private readonly source: DataSource,
  ) {}

  /** @throws Problem 400; 404 when the filters match nobody; 503 when fhir-api does not answer */
  async start(actor: Actor, request: ExportRequest): Promise<Export> {
    const { format, reason, ...filters } = request;
    const settled = new Date(Date.now() - settling).toISOString();
    const isPast = filters.until !== undefined && Date.parse(filters.until) < Date.parse(settled);
    const until = isPast ? filters.until : settled;
    const selection = { ...(await this.trail.select(filters)), until };
    const parts = partsOf(selection);
    // Reads the first page of each part, so that an unavailable service causes an error answer, not half a
    // file.
    const first = await Promise.all(parts.map((part) => this.page(part, selection, undefined)));
    const id = randomUUID();
    const started_at = new Date().toISOString();
    const given = Object.fromEntries(
      Object.entries({ ...filters, until }).filter(([, value]) => value !== undefined),
    );
    const fact = { actor_role: 'platform' as const, actor: actor.email };
    await recordAudit(this.source, 'registration', {
      ...fact,
      action: 'audit-exported',
      ...aboutOf(selection),
      detail: { export_id: id, reason, format, filters: given },
    });
    const write = format === 'csv' ? csvLine : (entry: AuditEntry) => `${JSON.stringify(entry)}\n`;
    const lines = async function* (this: AuditExport): AsyncGenerator<string> {
      const hash = createHash('sha256');
      let entries = 0;
      const head = format === 'csv' ? csvHead : '';
      hash.update(head);
      if (head) yield head;
      for (const [index, part] of parts.entries())
        for await (const page of this.pages(part, selection, first[index]!)) {
          const text = page.map(write).join('');
          entries += page.length;
          hash.update(text);
          if (text) yield text;
        }
      const sha256 = hash.digest('hex');
      await recordAudit(this.source, 'registration', {
        ...fact,
        action: 'audit-export-completed',
        ...aboutOf(selection),
        detail: { export_id: id, entries, sha256 },
      });
      const manifest: Manifest = {
        export_id: id,
        exported_by: actor.email,
        reason,
        started_at,
        filters: given,
        entries,
        sha256,
        complete: true,
      };
      yield format === 'csv' ? `# ${JSON.stringify({ manifest })}\n` : `${JSON.stringify({ manifest })}\n`;
    };
    const body = Readable.from(lines.call(this), { objectMode: false });
    body.on('error', (error) =>
      this.logger.warn({ msg: 'an export of the trail broke off', reason: error.message }),
    );
    return { id, body };
  }

  private async *pages(
    part: Part,
    selection: AuditSelection,
    first: AuditEntry[],
  ): AsyncGenerator<AuditEntry[]> {
    for (let page = first; ;) {
      yield page;
      const last = page.at(-1);
      if (!last || page.length < pageSize) return;
      page = await this.pageWithPatience(part, selection, last);
    }
  }

  /** Retries, so that a short outage of a service does not end an export of an hour. */
  private async pageWithPatience(
    part: Part,
    selection: AuditSelection,
    after: AuditPosition,
  ): Promise<AuditEntry[]> {
    for (let attempt = 1; ; attempt++)
      try {
        return await this.page(part, selection, after);
      } catch (error) {
        if (attempt === attempts) throw error;
        await pause(attempt * 1000);
      }
  }

  private page(
    part: Part,
    selection: AuditSelection,
    after: AuditPosition | undefined,
  ): Promise<AuditEntry[]> {
    const page: PageOf = { limit: pageSize, order: 'oldest', ...(after ? { after } : {}) };
    return part.of === 'acts'
      ? this.trail.acts(selection, page)
      : this.trail.accesses({ ...selection, environment: part.environment }, page);
  }
}

type Part = { of: 'acts' } | { of: 'data-access'; environment: Environment };

/** Acts first, then the data accesses of each environment. A `type` selects one kind. */
function partsOf({ type, environment }: AuditSelection): Part[] {
  const accesses = (environment ? [environment] : environments).map((one): Part => ({
    of: 'data-access',
    environment: one,
  }));
  if (type === 'data-access') return accesses;
  return type ? [{ of: 'acts' }] : [{ of: 'acts' }, ...accesses];
}

/** The member and the app of an export, so that their audit trails list the export. */
function aboutOf({ environment, client_ids, members }: AuditSelection) {
  return {
    ...(environment ? { environment } : {}),
    client_id: client_ids.length === 1 ? client_ids[0]! : null,
    sub: members?.length === 1 ? members[0]!.sub : null,
  };
}

/** @throws Problem 400 when a request without filters would export everything by mistake */
export function refuseBoundless(request: ExportRequest): void {
  const { format: _format, reason: _reason, type: _type, environment: _environment, ...filters } = request;
  if (Object.values(filters).some((value) => value !== undefined)) return;
  throw new Problem(
    400,
    'filter_required',
    'Say whose or which entries are wanted: a member, an app, a grant, an actor, or since and until.',
  );
}

import { Controller, Get, Headers, Param, Query, UseFilters } from '@nestjs/common';
import { parseBody, ProblemFilter, refuseStrangers } from '@payer/service';
import type { AuditEntry, Environment } from '@payer/smart';
import type { Pool } from 'pg';
import { z } from 'zod';

const instant = z.iso.datetime({ offset: true, error: 'must be an instant like 2026-11-25T08:00:00Z' });

const accessQuery = z.object({
  client_id: z.string().optional(),
  grant_id: z.string().optional(),
  /** `sub` of a member, or a client_id. */
  actor: z.string().optional(),
  since: instant.optional(),
  until: instant.optional(),
  after_at: instant.optional(),
  after_id: z
    .string()
    .regex(/^\d{1,19}$/)
    .optional(),
  limit: z.coerce.number('must be a number').int().min(1).max(1000).default(100),
});
type AccessQuery = z.infer<typeof accessQuery>;

/** Days looked through when the question does not say since when. */
const usualDays = 31;

/** What the records need. */
export class AccessRecords {
  constructor(
    readonly pools: Record<Environment, Pool>,
    /** INTERNAL_TOKEN */
    readonly token: string,
  ) {}
}

/**
 * For registration, where the platform team asks: who read what, as audit entries, the newest first. Each row of
 * `access_record` is one request of an app; it names no patient and no resource.
 */
@Controller('internal/:environment(sandbox|production)/access')
@UseFilters(ProblemFilter)
export class AccessRecordsController {
  constructor(private readonly records: AccessRecords) {}

  @Get()
  async find(
    @Param('environment') environment: Environment,
    @Query() query: unknown,
    @Headers('authorization') authorization: string | undefined,
  ): Promise<{ entries: AuditEntry[] }> {
    refuseStrangers(authorization, this.records.token);
    const { text, values } = select(parseBody(accessQuery, query));
    const { rows } = await this.records.pools[environment].query<Row>(text, values);
    return { entries: rows.map((row) => entryOf(environment, row)) };
  }
}

interface Row {
  id: string;
  at: Date;
  client_id: string;
  grant_id: string | null;
  sub: string | null;
  interaction: string;
  resource_type: string;
  status: number;
  /** Null in records from before it was kept. */
  resources: number | null;
  request_id: string;
}

function select(query: AccessQuery): { text: string; values: unknown[] } {
  const values: unknown[] = [];
  const bind = (value: unknown) => `$${values.push(value)}`;
  const since = query.since ?? new Date(Date.now() - usualDays * 86_400_000).toISOString();
  const conditions = [`at >= ${bind(since)}`];
  if (query.until) conditions.push(`at < ${bind(query.until)}`);
  if (query.client_id) conditions.push(`client_id = ${bind(query.client_id)}`);
  if (query.grant_id) conditions.push(`grant_id = ${bind(query.grant_id)}`);
  if (query.actor) {
    const actor = bind(query.actor);
    conditions.push(`(client_id = ${actor} OR sub = ${actor})`);
  }
  if (query.after_at && query.after_id)
    conditions.push(`(at, id) < (${bind(query.after_at)}, ${bind(query.after_id)}::bigint)`);
  return {
    text: `SELECT id, at, client_id, grant_id, sub, interaction, resource_type, status, resources, request_id FROM access_record
           WHERE ${conditions.join(' AND ')} ORDER BY at DESC, id DESC LIMIT ${bind(query.limit)}`,
    values,
  };
}

function entryOf(environment: Environment, row: Row): AuditEntry {
  const { id, at, client_id, grant_id, sub, interaction, resource_type, status, resources, request_id } = row;
  return {
    id,
    version: 1,
    at: at.toISOString(),
    service: 'fhir-api',
    action: 'data-access',
    actor_role: 'app',
    actor: client_id,
    environment,
    client_id,
    grant_id,
    sub,
    request_id,
    trace_id: null,
    detail: { interaction, resource_type, status, resources },
  };
}

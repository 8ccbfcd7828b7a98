import { Controller, Get, Headers, Param, Query, UseFilters } from '@nestjs/common';
import { parseQuery, Problem, ProblemFilter, type ServiceIdentity } from '@payer/service';
import { environmentPath, internalRoutes, type AuditEntry, type Environment } from '@payer/smart';
import type { Pool } from 'pg';
import {
  accessQuery,
  daysQuery,
  daysStatement,
  readersQuery,
  readersStatement,
  recordsStatement,
  type Statement,
} from './access-query.js';

/** Dependencies of the controller. */
export class AccessRecords {
  constructor(
    readonly pools: Record<Environment, Pool>,
    readonly identity: ServiceIdentity,
  ) {}
}

/** Requests of one app for one resource type. */
export interface Reader {
  client_id: string;
  resource_type: string;
  requests: number;
  /** Number of these requests with status 400 or above. */
  refused: number;
  /** Stored resources in the answers. */
  resources: number;
  first_at: string;
  last_at: string;
}

/** Requests of one app on one day (UTC), by interaction and resource type. */
export interface AccessDay extends Pick<
  Reader,
  'client_id' | 'resource_type' | 'requests' | 'refused' | 'resources'
> {
  day: string;
  interaction: string;
}

/**
 * Answers registration which apps read the data of which members, for the platform team. A row of
 * `access_record` is one request of an app. An answer names a member by `sub`, and names no patient and no
 * resource.
 */
@Controller(`internal/${environmentPath}/access`)
@UseFilters(ProblemFilter)
export class AccessRecordsController {
  constructor(private readonly records: AccessRecords) {}

  /** Pages of records, as audit entries. */
  @Get()
  async find(
    @Param('environment') environment: Environment,
    @Query() query: unknown,
    @Headers('authorization') authorization: string | undefined,
  ): Promise<{ entries: AuditEntry[] }> {
    await this.admit(authorization);
    const rows = await this.rows<Row>(environment, recordsStatement(parseQuery(accessQuery, query)));
    return { entries: rows.map((row) => entryOf(environment, row)) };
  }

  /** Counts the requests for a patient's data, by app and resource type. */
  @Get('readers')
  async readers(
    @Param('environment') environment: Environment,
    @Query() query: unknown,
    @Headers('authorization') authorization: string | undefined,
  ): Promise<{ readers: Reader[] }> {
    await this.admit(authorization);
    return {
      readers: await this.rows<Reader>(environment, readersStatement(parseQuery(readersQuery, query))),
    };
  }

  /** Counts the requests of an app, by day and resource type. */
  @Get('days')
  async days(
    @Param('environment') environment: Environment,
    @Query() query: unknown,
    @Headers('authorization') authorization: string | undefined,
  ): Promise<{ days: AccessDay[] }> {
    await this.admit(authorization);
    return { days: await this.rows<AccessDay>(environment, daysStatement(parseQuery(daysQuery, query))) };
  }

  private async admit(authorization: string | undefined): Promise<void> {
    await this.records.identity.refuseStrangers(authorization, internalRoutes['fhir-api']['access records']);
  }

  private async rows<R>(environment: Environment, { text, values }: Statement): Promise<R[]> {
    const pool = this.records.pools[environment] as Pool | undefined;
    if (!pool) throw new Problem(404, 'not_served', `This process does not serve ${environment}.`);
    return (await pool.query(text, values)).rows as R[];
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
  /** Null in older records without this number. */
  resources: number | null;
  request_id: string;
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

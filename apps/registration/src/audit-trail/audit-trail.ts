import { Injectable } from '@nestjs/common';
import { Problem, readAudit, type AuditPosition } from '@payer/service';
import { environments, type AuditAction, type AuditEntry, type Environment } from '@payer/smart';
import { DataSource } from 'typeorm';
import { z } from 'zod';
import { AppSearch } from './app-search.js';
import { cursorOf, type AuditQuery } from './audit-query.js';
import { DataAccess } from './data-access.js';
import { MemberDirectory, type MemberIds } from './member-directory.js';

export interface AuditPage {
  /** The newest first. */
  entries: AuditEntry[];
  /** `cursor` of the next page. Null on the last page. */
  next: string | null;
}

/** A query after its apps and members were looked up. */
export interface AuditSelection {
  client_ids: string[];
  members: MemberIds[] | undefined;
  /** Whether the query names the members by sign-in (`sub`), not as persons whose data is read. */
  bySub: boolean;
  grant_id: string | undefined;
  actor: string | undefined;
  type: AuditAction | undefined;
  environment: Environment | undefined;
  since: string | undefined;
  until: string | undefined;
}

export interface PageOf {
  limit: number;
  after?: AuditPosition | undefined;
  order?: 'newest' | 'oldest';
}

/** Reads the acts of all services from the local audit trail, and the data accesses from fhir-api. */
@Injectable()
export class AuditTrail {
  constructor(
    private readonly source: DataSource,
    private readonly dataAccess: DataAccess,
    private readonly apps: AppSearch,
    private readonly members: MemberDirectory,
  ) {}

  async find(query: AuditQuery): Promise<AuditPage> {
    const { limit, cursor } = query;
    if (cursor && query.type !== 'data-access' && !z.guid().safeParse(cursor.id).success)
      throw new Problem(400, 'invalid_request', 'cursor must be the `next` of an answer to this query.');
    const selection = await this.select(query);
    const page = { limit, after: cursor };
    const entries =
      query.type === 'data-access' ? await this.accesses(selection, page) : await this.acts(selection, page);
    const last = entries.at(-1);
    return { entries, next: last && entries.length === limit ? cursorOf(last) : null };
  }

  /** @throws Problem 400; 404 when the query names an unknown app or member */
  async select(query: Omit<AuditQuery, 'limit' | 'cursor'>): Promise<AuditSelection> {
    const { app, client_id, member, patient, sub, ...rest } = query;
    if (app !== undefined && client_id !== undefined)
      throw new Problem(400, 'invalid_request', 'app and client_id both name the app: give one of them.');
    if (rest.type === 'data-access') environmentOf(rest);
    const found = app === undefined ? [] : await this.apps.find(app);
    return {
      grant_id: rest.grant_id,
      actor: rest.actor,
      type: rest.type,
      environment: rest.environment,
      since: rest.since,
      until: rest.until,
      client_ids: client_id === undefined ? found.map((each) => each.client_id) : [client_id],
      members: await this.members.find(rest.environment, { member, patient, sub }),
      bySub: sub !== undefined,
    };
  }

  /** A page of the acts. */
  acts(
    { client_ids, members, ...selection }: AuditSelection,
    { limit, after, order }: PageOf,
  ): Promise<AuditEntry[]> {
    const { grant_id, actor, type, environment, since, until } = selection;
    return readAudit(
      this.source,
      {
        client_id: client_ids,
        member: subsOf(members),
        ...{ grant_id, actor, type, environment, since, until, after, order },
      },
      limit,
    );
  }

  /** A page of the records of data access. @throws Problem 400 without an environment, 503 */
  accesses({ client_ids, members, ...selection }: AuditSelection, page: PageOf): Promise<AuditEntry[]> {
    const { grant_id, actor, since, until, bySub } = selection;
    return this.dataAccess.entries(environmentOf(selection), {
      client_id: client_ids,
      patient: bySub ? undefined : patientsOf(members),
      member: subsOf(members),
      ...{ grant_id, actor, since, until },
      limit: page.limit,
      order: page.order,
      after_at: page.after?.at,
      after_id: page.after?.id,
    });
  }
}

/** @throws Problem 400 without an environment */
function environmentOf({ environment }: { environment?: Environment | undefined }): Environment {
  if (environment) return environment;
  throw new Problem(
    400,
    'environment_required',
    `Data access is kept apart by environment: add ${environments.map((name) => `environment=${name}`).join(' or ')}.`,
  );
}

const distinct = (values: readonly string[] | undefined) => [...new Set(values)];
export const subsOf = (members: readonly MemberIds[] | undefined) => distinct(members?.map(({ sub }) => sub));
export const patientsOf = (members: readonly MemberIds[] | undefined) =>
  distinct(members?.map(({ patient }) => patient));

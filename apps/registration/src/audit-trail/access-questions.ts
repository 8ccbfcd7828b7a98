import { Injectable } from '@nestjs/common';
import { Problem } from '@payer/service';
import type { Environment } from '@payer/smart';
import type { z } from 'zod';
import type {
  AppsWithAccessAnswer,
  appsWithAccessQuery,
  ReadersAnswer,
  readersQuery,
  ReadsAnswer,
  readsQuery,
} from './access-answers.js';
import { AppSearch } from './app-search.js';
import { patientsOf, subsOf } from './audit-trail.js';
import { DataAccess } from './data-access.js';
import { GrantHistory } from './grant-history.js';
import { MemberDirectory, type MemberFilter, type MemberIds } from './member-directory.js';

const dayLength = 86_400_000;
/** Default period of a query, in days. */
const usualDays = 31;
const dayOf = (at: number) => new Date(at).toISOString().slice(0, 10);

interface Counts {
  requests: number;
  refused: number;
  resources: number;
}

/**
 * Answers three questions about data access: which apps read a member's data, which could, and what an app
 * read.
 */
@Injectable()
export class AccessQuestions {
  constructor(
    private readonly apps: AppSearch,
    private readonly members: MemberDirectory,
    private readonly history: GrantHistory,
    private readonly dataAccess: DataAccess,
  ) {}

  /** Lists the apps that read a member's data. @throws Problem 400, 404, 503 */
  async readers(query: z.infer<typeof readersQuery>): Promise<ReadersAnswer> {
    const members = await this.membersOf(query.environment, query);
    const period = {
      since: query.since ?? new Date(Date.now() - usualDays * dayLength).toISOString(),
      until: query.until,
    };
    const rows = await this.dataAccess.readers(query.environment, {
      patient: patientsOf(members),
      member: subsOf(members),
      client_id:
        query.app === undefined ? [] : (await this.apps.find(query.app)).map(({ client_id }) => client_id),
      ...period,
    });
    const nameOf = await this.apps.named(rows.map(({ client_id }) => client_id));
    return {
      environment: query.environment,
      since: period.since,
      until: period.until ?? null,
      members,
      apps: groupsOf(rows, ({ client_id }) => client_id).map(([client_id, own]) => ({
        client_id,
        client_name: nameOf(client_id),
        ...sum(own),
        first_at: own.map(({ first_at }) => first_at).sort()[0]!,
        last_at: own
          .map(({ last_at }) => last_at)
          .sort()
          .at(-1)!,
        types: own.map(({ resource_type, ...row }) => ({ resource_type, ...sum([row]) })),
      })),
    };
  }

  /**
   * Lists the apps that had access to a member's data on a day, used or not.
   * @throws Problem 400, 404, 503
   */
  async appsWithAccess(query: z.infer<typeof appsWithAccessQuery>): Promise<AppsWithAccessAnswer> {
    const members = await this.membersOf(query.environment, query);
    const grants = await this.history.alive(query.environment, patientsOf(members), query.day);
    const nameOf = await this.apps.named(grants.map(({ client_id }) => client_id));
    return {
      environment: query.environment,
      day: query.day,
      members,
      apps: groupsOf(grants, ({ client_id }) => client_id).map(([client_id, own]) => ({
        client_id,
        client_name: nameOf(client_id),
        requests: own.reduce((all, { requests }) => all + requests, 0),
        refused: own.reduce((all, { refused }) => all + refused, 0),
        grants: own.map(({ grant_id, sub, created_at, ends_at, revoked_reason }) => ({
          grant_id,
          sub,
          created_at: created_at.toISOString(),
          ends_at: ends_at.toISOString(),
          revoked_reason,
        })),
      })),
    };
  }

  /** Lists an app's reads by resource type and by day. @throws Problem 400, 404, 503 */
  async reads(query: z.infer<typeof readsQuery>): Promise<ReadsAnswer> {
    const apps = await this.apps.find(query.app);
    const until = query.until ?? dayOf(Date.now());
    const since = query.since ?? dayOf(Date.parse(until) - (usualDays - 1) * dayLength);
    const rows = await this.dataAccess.days(query.environment, {
      client_id: apps.map(({ client_id }) => client_id),
      from: since,
      to: until,
    });
    return {
      environment: query.environment,
      since,
      until,
      apps: apps.map((each) => {
        const own = rows.filter(({ client_id }) => client_id === each.client_id);
        return {
          ...each,
          ...sum(own),
          types: groupsOf(own, ({ resource_type, interaction }) => `${resource_type} ${interaction}`)
            .map(([, [first, ...rest]]) => ({
              resource_type: first!.resource_type,
              interaction: first!.interaction,
              ...sum([first!, ...rest]),
            }))
            .sort((a, b) => b.requests - a.requests),
          days: groupsOf(own, (row) => row.day).map(([key, ofDay]) => ({ day: key, ...sum(ofDay) })),
        };
      }),
    };
  }

  private async membersOf(where: Environment, query: MemberFilter): Promise<MemberIds[]> {
    const members = await this.members.find(where, query);
    if (members) return members;
    const message = 'is missing: name the member by member number, sub or patient id.';
    throw new Problem(400, 'invalid_request', `member ${message}`, [{ field: 'member', message }]);
  }
}

function sum(rows: readonly Counts[]): Counts {
  const total = (name: keyof Counts) => rows.reduce((all, row) => all + row[name], 0);
  return { requests: total('requests'), refused: total('refused'), resources: total('resources') };
}

/** Groups rows by key, in the order of their first rows. */
function groupsOf<Row>(rows: readonly Row[], keyOf: (row: Row) => string): [string, Row[]][] {
  const groups = new Map<string, Row[]>();
  for (const row of rows) {
    const key = keyOf(row);
    const group = groups.get(key);
    if (group) group.push(row);
    else groups.set(key, [row]);
  }
  return [...groups];
}

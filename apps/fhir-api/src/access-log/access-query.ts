import { isOneOf, pageText, timeConditions, Values, where, type Bind } from '@payer/service';
import { z } from 'zod';

/* The queries about access records that fhir-api answers, and their statements. */

const instant = z.iso.datetime({ offset: true, error: 'must be an instant like 2026-11-25T08:00:00Z' });
const day = z.iso.date('must be a day like 2026-11-25');
const key = z.string().min(1, 'must not be empty').max(200);
/** A repeatable parameter. Any of its values matches. */
const anyOf = z.preprocess(
  (value) => (value === undefined ? [] : [value].flat()),
  z.array(key).max(50, 'may be repeated 50 times at most'),
);

const filters = {
  client_id: anyOf,
  grant_id: key.optional(),
  /** Ids of the Patient resources that were read. */
  patient: anyOf,
  /**
   * Used together with `patient`: the members (`sub`) of these patients. Finds records from the time before
   * records contained the patient.
   */
  member: anyOf,
  /** The member (`sub`) or the app (`client_id`) that acted. */
  actor: key.optional(),
  since: instant.optional(),
  until: instant.optional(),
};

/** Query of `GET /internal/{environment}/access`. */
export const accessQuery = z.object({
  ...filters,
  after_at: instant.optional(),
  after_id: z
    .string()
    .regex(/^\d{1,19}$/, 'must be the id of an entry')
    .optional(),
  order: z.enum(['newest', 'oldest'], 'must be newest or oldest').default('newest'),
  limit: z.coerce.number('must be a number').int().min(1).max(5000).default(100),
});
export type AccessQuery = z.infer<typeof accessQuery>;

/** Query of `GET /internal/{environment}/access/readers`. */
export const readersQuery = z.object({
  client_id: filters.client_id,
  patient: anyOf.refine((patients) => patients.length > 0, 'must be given'),
  member: filters.member,
  since: instant.optional(),
  until: instant.optional(),
});
export type ReadersQuery = z.infer<typeof readersQuery>;

/** Query of `GET /internal/{environment}/access/days`; both days are included. */
export const daysQuery = z.object({
  client_id: anyOf.refine((clients) => clients.length > 0, 'must be given'),
  from: day,
  to: day,
});
export type DaysQuery = z.infer<typeof daysQuery>;

export interface Statement {
  text: string;
  values: unknown[];
}

/** Selects one page of records, in order of time. */
export function recordsStatement(query: AccessQuery): Statement {
  const { list, bind } = new Values();
  const { since, until, after_at, after_id, order, limit } = query;
  const text = pageText(
    {
      table: 'access_record',
      columns: 'id, at, client_id, grant_id, sub, interaction, resource_type, status, resources, request_id',
      ranges: rangesOf(query, bind),
      others: otherConditions(query, bind),
      ...{ since, until, order, limit },
      after: after_at && after_id ? { at: after_at, id: after_id } : undefined,
    },
    'bigint',
    bind,
  );
  return { text, values: list };
}

/** Counts the requests of the apps that read the data of some patients, by app and resource type. */
export function readersStatement(query: ReadersQuery): Statement {
  const { list, bind } = new Values();
  const others = [...otherConditions(query, bind), ...timeConditions(query, 'bigint', bind)];
  const parts = rangesOf(query, bind).map(
    (range) =>
      `SELECT client_id, resource_type, status, resources, at FROM access_record ${where([range, ...others])}`,
  );
  return {
    text: `SELECT client_id, resource_type, count(*)::int AS requests,
             (count(*) FILTER (WHERE status >= 400))::int AS refused,
             coalesce(sum(resources), 0)::int AS resources, min(at) AS first_at, max(at) AS last_at
           FROM (${parts.join(' UNION ALL ')}) AS read GROUP BY 1, 2 ORDER BY 1, 2`,
    values: list,
  };
}

/** Selects the database's counts of some apps' accesses, by day and resource type. */
export function daysStatement({ client_id, from, to }: DaysQuery): Statement {
  return {
    text: `SELECT client_id, day::text, interaction, resource_type, requests::int, refused::int, resources::int
           FROM access_day WHERE client_id = ANY($1) AND day BETWEEN $2 AND $3
           ORDER BY day, client_id, resource_type, interaction`,
    values: [client_id, from, to],
  };
}

type Filters = Partial<Pick<AccessQuery, 'client_id' | 'grant_id' | 'patient' | 'member' | 'actor'>>;

/** The given filter with the fewest records. The statement ranges over its index. */
function rarest({ grant_id, patient, member, actor, client_id }: Filters): keyof Filters | undefined {
  if (grant_id) return 'grant_id';
  if (patient?.length) return 'patient';
  if (member?.length) return 'member';
  if (actor) return 'actor';
  return client_id?.length ? 'client_id' : undefined;
}

/** Conditions that each range over one index. A record matches one of them. Empty without a filter. */
function rangesOf(query: Filters, bind: Bind): string[] {
  const { grant_id, patient = [], member = [], actor, client_id = [] } = query;
  switch (rarest(query)) {
    case 'grant_id':
      return [`grant_id = ${bind(grant_id)}`];
    case 'patient':
      return [
        ...patient.map((id) => `patient = ${bind(id)}`),
        ...member.map((sub) => `sub = ${bind(sub)} AND patient IS NULL`),
      ];
    case 'member':
      return member.map((sub) => `sub = ${bind(sub)}`);
    case 'actor':
      return [`sub = ${bind(actor)}`, `client_id = ${bind(actor)} AND sub IS DISTINCT FROM ${bind(actor)}`];
    case 'client_id':
      return client_id.map((id) => `client_id = ${bind(id)}`);
    case undefined:
      return [];
  }
}

/** Conditions of the filters without a range. */
function otherConditions(query: Filters, bind: Bind): string[] {
  const { patient = [], member = [], actor, client_id = [] } = query;
  const by = rarest(query);
  const conditions: string[] = [];
  const isMember = () => isOneOf('sub', member, bind);
  if (by === 'grant_id' && patient.length > 0)
    conditions.push(`(${isOneOf('patient', patient, bind)} OR (patient IS NULL AND ${isMember()}))`);
  else if (by === 'grant_id' && member.length > 0) conditions.push(isMember());
  if (actor && by !== 'actor') conditions.push(`${bind(actor)} IN (sub || '', client_id || '')`);
  if (client_id.length > 0 && by !== 'client_id') conditions.push(isOneOf('client_id', client_id, bind));
  return conditions;
}

import { z } from 'zod';

/*
 * The questions that fhir-api answers about its access records, and their statements. Each statement ranges over one
 * index in the order of the answer, so it reads as many records as it answers, however many there are.
 */

const instant = z.iso.datetime({ offset: true, error: 'must be an instant like 2026-11-25T08:00:00Z' });
const day = z.iso.date('must be a day like 2026-11-25');
const key = z.string().min(1, 'must not be empty').max(200);
/** A parameter that may be repeated: any of the values matches. */
const anyOf = z.preprocess(
  (value) => (value === undefined ? [] : [value].flat()),
  z.array(key).max(50, 'may be repeated 50 times at most'),
);

const filters = {
  client_id: anyOf,
  grant_id: key.optional(),
  /** Whose data was read: ids of Patient resources. */
  patient: anyOf,
  /**
   * Together with `patient`: the members (`sub`) of these patients. Finds their records from before the patient was
   * recorded.
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

/** The records that a question asks for: one page, in order of time. */
export function recordsStatement(query: AccessQuery): Statement {
  const { list, bind } = new Values();
  const limit = bind(query.limit);
  const direction = query.order === 'newest' ? 'DESC' : 'ASC';
  const columns =
    'id, at, client_id, grant_id, sub, interaction, resource_type, status, resources, request_id';
  const page = (conditions: readonly string[], time: string) =>
    `SELECT ${columns} FROM access_record ${where(conditions)}
     ORDER BY ${time} ${direction}, id ${direction} LIMIT ${limit}`;
  const ranges = rangesOf(query, bind);
  if (ranges.length === 0)
    return { text: page(utcConditions(query, bind), "at AT TIME ZONE 'UTC'"), values: list };
  const others = [...otherConditions(query, bind), ...timeConditions(query, bind)];
  const pages = ranges.map((range) => `(${page([range, ...others], 'at')})`);
  return {
    text: `SELECT * FROM (${pages.join(' UNION ALL ')}) AS found
           ORDER BY at ${direction}, id ${direction} LIMIT ${limit}`,
    values: list,
  };
}

/** Which apps read the data of some patients: requests by app and resource type. */
export function readersStatement(query: ReadersQuery): Statement {
  const { list, bind } = new Values();
  const others = [...otherConditions(query, bind), ...timeConditions(query, bind)];
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

/** What some apps read, by day and resource type, as the database has counted it. */
export function daysStatement({ client_id, from, to }: DaysQuery): Statement {
  return {
    text: `SELECT client_id, day::text, interaction, resource_type, requests::int, refused::int, resources::int
           FROM access_day WHERE client_id = ANY($1) AND day BETWEEN $2 AND $3
           ORDER BY day, client_id, resource_type, interaction`,
    values: [client_id, from, to],
  };
}

type Bind = (value: unknown) => string;

/** The values of a statement. */
class Values {
  readonly list: unknown[] = [];
  readonly bind: Bind = (value) => `$${this.list.push(value)}`;
}

type Filters = Partial<Pick<AccessQuery, 'client_id' | 'grant_id' | 'patient' | 'member' | 'actor'>>;
type Times = Partial<Pick<AccessQuery, 'since' | 'until' | 'after_at' | 'after_id' | 'order'>>;

/** The filter with the fewest records among the given ones: the statement ranges over its index. */
function rarest({ grant_id, patient, member, actor, client_id }: Filters): keyof Filters | undefined {
  if (grant_id) return 'grant_id';
  if (patient?.length) return 'patient';
  if (member?.length) return 'member';
  if (actor) return 'actor';
  return client_id?.length ? 'client_id' : undefined;
}

/** Conditions that each range over one index; a record matches one of them. None when no filter is given. */
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

/**
 * The filters that no range serves. `|| ''` keeps the planner from their indexes: on a partition that has no statistics
 * yet it would choose by chance. So the cost is that of the range.
 */
function otherConditions(query: Filters, bind: Bind): string[] {
  const { patient = [], member = [], actor, client_id = [] } = query;
  const by = rarest(query);
  const conditions: string[] = [];
  const isMember = () => `(sub || '') = ANY(${bind(member)})`;
  if (by === 'grant_id' && patient.length > 0)
    conditions.push(`((patient || '') = ANY(${bind(patient)}) OR (patient IS NULL AND ${isMember()}))`);
  else if (by === 'grant_id' && member.length > 0) conditions.push(isMember());
  if (actor && by !== 'actor') conditions.push(`${bind(actor)} IN (sub || '', client_id || '')`);
  if (client_id.length > 0 && by !== 'client_id')
    conditions.push(`(client_id || '') = ANY(${bind(client_id)})`);
  return conditions;
}

function timeConditions({ since, until, after_at, after_id, order }: Times, bind: Bind): string[] {
  const beyond = order === 'oldest' ? '>' : '<';
  return [
    ...(since ? [`at >= ${bind(since)}`] : []),
    ...(until ? [`at < ${bind(until)}`] : []),
    ...(after_at && after_id
      ? [`(at, id) ${beyond} (${bind(after_at)}::timestamptz, ${bind(after_id)}::bigint)`]
      : []),
  ];
}

/** As {@link timeConditions}, for the index by time, which is over an expression; `at` itself chooses the partitions. */
function utcConditions(times: Times, bind: Bind): string[] {
  const utc = (value: string) => `${bind(value)}::timestamptz AT TIME ZONE 'UTC'`;
  const { since, until, after_at, after_id, order } = times;
  const beyond = order === 'oldest' ? '>' : '<';
  return [
    ...timeConditions({ since, until }, bind),
    ...(since ? [`at AT TIME ZONE 'UTC' >= ${utc(since)}`] : []),
    ...(until ? [`at AT TIME ZONE 'UTC' < ${utc(until)}`] : []),
    ...(after_at && after_id
      ? [`(at AT TIME ZONE 'UTC', id) ${beyond} (${utc(after_at)}, ${bind(after_id)}::bigint)`]
      : []),
  ];
}

const where = (conditions: readonly string[]) =>
  conditions.length > 0 ? `WHERE ${conditions.join(' AND ')}` : '';

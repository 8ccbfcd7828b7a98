import { z } from 'zod';
import { appFilter, environment, memberFilters } from './audit-query.js';
import { day, isInOrder, notInOrder, since, until } from '../http/time-filter.js';

/* Queries and answers of the three questions about data access. */

const member = z.object({ sub: z.string(), patient: z.string(), member_number: z.string().nullable() });
const app = z.object({ client_id: z.string(), client_name: z.string() });
const counts = {
  requests: z.int(),
  refused: z.int().describe('of the requests, answered with status 400 or above'),
  resources: z.int().describe('stored resources in the answers'),
};

/** Query of `GET /api/audit/readers`. */
export const readersQuery = z
  .object({
    ...memberFilters,
    app: appFilter.optional(),
    environment,
    since: since.optional(),
    until: until.optional(),
  })
  .refine(isInOrder, notInOrder);
export const readersAnswer = z.object({
  environment,
  since: z.iso.datetime(),
  until: z.iso.datetime().nullable(),
  members: z.array(member),
  apps: z.array(
    app.extend({
      ...counts,
      first_at: z.iso.datetime(),
      last_at: z.iso.datetime(),
      types: z.array(z.object({ resource_type: z.string(), ...counts })),
    }),
  ),
});
export type ReadersAnswer = z.infer<typeof readersAnswer>;

/** Query of `GET /api/audit/apps-with-access`. */
export const appsWithAccessQuery = z.object({ ...memberFilters, environment, day });
export const appsWithAccessAnswer = z.object({
  environment,
  day,
  members: z.array(member),
  apps: z.array(
    app.extend({
      requests: counts.requests,
      refused: counts.refused,
      grants: z.array(
        z.object({
          grant_id: z.string(),
          sub: z.string().describe('the member who allowed it'),
          created_at: z.iso.datetime(),
          ends_at: z.iso.datetime().describe('when it ended, or will end by itself'),
          revoked_reason: z.string().nullable(),
        }),
      ),
    }),
  ),
});
export type AppsWithAccessAnswer = z.infer<typeof appsWithAccessAnswer>;

/** Query of `GET /api/audit/reads`; both days are included. */
export const readsQuery = z
  .object({
    app: appFilter,
    environment,
    since: day.optional(),
    until: day.optional(),
  })
  .refine(({ since, until }) => !since || !until || since <= until, {
    path: ['until'],
    message: 'must not be before since',
  });
export const readsAnswer = z.object({
  environment,
  since: day,
  until: day,
  apps: z.array(
    app.extend({
      ...counts,
      types: z.array(z.object({ resource_type: z.string(), interaction: z.string(), ...counts })),
      days: z.array(z.object({ day, ...counts })),
    }),
  ),
});
export type ReadsAnswer = z.infer<typeof readsAnswer>;

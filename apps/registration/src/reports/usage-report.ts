import { Injectable } from '@nestjs/common';
import { rowsOf } from '@payer/service';
import { environments, isSynthetic, requestKinds } from '@payer/smart';
import { DataSource } from 'typeorm';
import { z } from 'zod';

/** The environment of a report that names none: the first with members' records. */
const reported = environments.find((environment) => !isSynthetic(environment)) ?? environments[0]!;

/** Query of the usage report. */
export const usageQuery = z.object({
  environment: z.enum(environments, `must be one of ${environments.join(', ')}`).default(reported),
  /** Days until today. The portal keeps requests of the sandbox for 7 days, of production for 30. */
  days: z.coerce
    .number('must be a number of days')
    .int('must be a whole number of days')
    .min(1, 'must be at least 1')
    .max(30, 'must be at most 30')
    .default(30),
  format: z.enum(['json', 'csv'], 'must be json or csv').default('json'),
});
export type UsageQuery = z.infer<typeof usageQuery>;

/** How one app used one part of the platform. */
export const usageRow = z.object({
  client_id: z.string(),
  client_name: z.string(),
  kind: z.enum(requestKinds),
  requests: z.int(),
  errors: z.int(),
  /** Share of requests that were refused or failed, 0 to 1. */
  error_rate: z.number(),
  /** Milliseconds below which 95 of 100 answers stayed. Null when no duration was measured. */
  p95_ms: z.int().nullable(),
});
export type UsageRow = z.infer<typeof usageRow>;

/** The same for all apps together. */
export const usageReport = z.object({
  environment: z.enum(environments),
  days: z.int(),
  totals: z.array(usageRow.omit({ client_id: true, client_name: true })),
  apps: z.array(usageRow),
});
export type UsageReport = z.infer<typeof usageReport>;

const figures = `count(*)::integer AS requests,
  count(*) FILTER (WHERE request.error IS NOT NULL OR request.status >= 400)::integer AS errors,
  round(avg(CASE WHEN request.error IS NOT NULL OR request.status >= 400 THEN 1 ELSE 0 END), 4)::float8 AS error_rate,
  round(percentile_cont(0.95) WITHIN GROUP (ORDER BY request.duration_ms))::integer AS p95_ms`;

/** Usage, error rate and latency, from the requests that the portal keeps (at most 5,000 of each app). */
@Injectable()
export class UsageReports {
  constructor(private readonly source: DataSource) {}

  async of({ environment, days }: UsageQuery): Promise<UsageReport> {
    const window = `request.environment = $1 AND request.at > now() - make_interval(days => $2)`;
    const [totals, apps] = await Promise.all([
      rowsOf<UsageReport['totals'][number]>(
        this.source,
        `SELECT kind, ${figures} FROM app_request AS request WHERE ${window} GROUP BY kind ORDER BY kind`,
        [environment, days],
      ),
      rowsOf<UsageRow>(
        this.source,
        `SELECT client_id, client_name, kind, ${figures}
         FROM app_request AS request JOIN app USING (client_id) WHERE ${window}
         GROUP BY client_id, client_name, kind ORDER BY requests DESC, client_id, kind LIMIT 500`,
        [environment, days],
      ),
    ]);
    return { environment, days, totals, apps };
  }
}

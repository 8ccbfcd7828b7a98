import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { environments, requestKinds, type AccessTotals, type EventData } from '@payer/smart';
import { rowsOf } from '@payer/service';
import { z } from 'zod';

/** The most failed attempts per app. */
const attemptsKept = 50;
/** Days of traffic on the page. */
const daysShown = 30;

/** The recent activity of an app: counts only, no member and no grant. */
export const activityView = z.object({
  traffic: z.array(
    z.object({
      day: z.iso.date(),
      environment: z.enum(environments),
      requests: z.int(),
      errors: z.int(),
    }),
  ),
  /** How long the platform took to answer, per day (UTC), over the requests that the portal keeps. */
  latency: z.array(
    z.object({
      day: z.iso.date(),
      environment: z.enum(environments),
      kind: z.enum(requestKinds),
      requests: z.int(),
      /** Milliseconds within which half of the answers, and 95 of 100 answers, were complete. */
      p50_ms: z.int(),
      p95_ms: z.int(),
    }),
  ),
  failed_authorizations: z.array(
    z.object({
      at: z.iso.datetime(),
      environment: z.enum(environments),
      error: z.string(),
      detail: z.string(),
      redirect_uri: z.string().nullable(),
    }),
  ),
});
export type Activity = z.infer<typeof activityView>;

/** Keeps the other services' reports about an app's use, for its developer. */
@Injectable()
export class ActivityService {
  constructor(private readonly source: DataSource) {}

  /** Newer totals replace older totals of the same id. A repeated or late total changes nothing. */
  async applyTotals(totals: AccessTotals): Promise<void> {
    await this.source.query(
      `INSERT INTO access_total (id, version, client_id, environment, grant_id, day, requests, errors, last_at)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
       ON CONFLICT (id) DO UPDATE SET version = excluded.version, requests = excluded.requests,
         errors = excluded.errors, last_at = excluded.last_at
       WHERE access_total.version < excluded.version`,
      [
        totals.id,
        totals.version,
        totals.client_id,
        totals.environment,
        totals.grant_id,
        totals.day,
        totals.requests,
        totals.errors,
        totals.last_at,
      ],
    );
  }

  /** Keeps the newest 50 failed authorizations of each existing app. */
  async applyFailedAuthorization(attempt: EventData<'authorization-failed'>): Promise<void> {
    await this.source.query(
      `INSERT INTO failed_authorization (id, client_id, environment, at, error, detail, redirect_uri)
       SELECT $1, client_id, $3, $4, $5, $6, $7 FROM app WHERE client_id = $2
       ON CONFLICT DO NOTHING`,
      [
        attempt.id,
        attempt.client_id,
        attempt.environment,
        attempt.at,
        attempt.error,
        attempt.detail,
        attempt.redirect_uri ?? null,
      ],
    );
    await this.source.query(
      `DELETE FROM failed_authorization WHERE client_id = $1 AND id NOT IN (
         SELECT id FROM failed_authorization WHERE client_id = $1 ORDER BY at DESC, id LIMIT ${attemptsKept})`,
      [attempt.client_id],
    );
  }

  async of(clientId: string): Promise<Activity> {
    const traffic = await rowsOf<Activity['traffic'][number]>(
      this.source,
      `SELECT to_char(day, 'YYYY-MM-DD') AS day, environment,
              sum(requests)::integer AS requests, sum(errors)::integer AS errors
       FROM access_total WHERE client_id = $1 AND day > current_date - ${daysShown}
       GROUP BY access_total.day, environment ORDER BY access_total.day DESC, environment`,
      [clientId],
    );
    const attempts = await rowsOf<Omit<Activity['failed_authorizations'][number], 'at'> & { at: Date }>(
      this.source,
      `SELECT at, environment, error, detail, redirect_uri
       FROM failed_authorization WHERE client_id = $1 ORDER BY at DESC, id`,
      [clientId],
    );
    const latency = await rowsOf<Activity['latency'][number]>(
      this.source,
      `SELECT to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD') AS day, environment, kind, count(*)::integer AS requests,
              round(percentile_cont(0.5) WITHIN GROUP (ORDER BY duration_ms))::integer AS p50_ms,
              round(percentile_cont(0.95) WITHIN GROUP (ORDER BY duration_ms))::integer AS p95_ms
       FROM app_request WHERE client_id = $1 AND duration_ms IS NOT NULL
       GROUP BY 1, 2, 3 ORDER BY 1 DESC, 2, 3`,
      [clientId],
    );
    return {
      traffic,
      latency,
      failed_authorizations: attempts.map((attempt) => ({ ...attempt, at: attempt.at.toISOString() })),
    };
  }
}

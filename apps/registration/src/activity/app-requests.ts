import { Injectable } from '@nestjs/common';
import { rowsOf, type Queryable } from '@payer/service';
import { environments, requestKinds, type Environment, type EventData } from '@payer/smart';
import { DataSource } from 'typeorm';
import { z } from 'zod';
import { since, until } from '../http/time-filter.js';
import { explain } from './explain.js';

/** Days for which a request is kept. */
export const keptDays: Record<Environment, number> = { sandbox: 7, production: 30 };
/** Most requests per app and environment. The newest are kept. */
const maxKept = 5000;

const maxPage = 200;
const noChoice = z.literal('').transform(() => undefined);

/** Query of `GET /api/apps/:client_id/activity` and of the Activity page. */
export const requestFilter = z.object({
  environment: z
    .enum(environments, `must be one of ${environments.join(', ')}`)
    .or(noChoice)
    .optional(),
  kind: z
    .enum(requestKinds, `must be one of ${requestKinds.join(', ')}`)
    .or(noChoice)
    .optional(),
  outcome: z.enum(['failed', 'served'], 'must be failed or served').or(noChoice).optional(),
  since: noChoice.or(since).optional(),
  until: noChoice.or(until).optional(),
  /** `next` of the previous page. */
  before: z
    .string()
    .regex(/^[\w:.-]{1,80} [\w:-]{1,80}$/, 'must be the next of the page before')
    .optional(),
  limit: z.coerce.number().int().min(1).max(maxPage, `must be at most ${maxPage}`).default(50),
});
export type RequestFilter = z.infer<typeof requestFilter>;

export const requestView = z.object({
  id: z.string(),
  at: z.iso.datetime(),
  environment: z.enum(environments),
  kind: z.enum(requestKinds),
  method: z.string(),
  path: z.string(),
  status: z.int(),
  duration_ms: z.int().nullable(),
  request_id: z.string().nullable(),
  /** OAuth error code or FHIR issue code; null when the request was served. */
  error: z.string().nullable(),
  /** The cause of the failure and its remedy. Null when the request was served. */
  cause: z.string().nullable(),
  fix: z.string().nullable(),
  /** As sent, if the authorization endpoint refused it. */
  redirect_uri: z.string().nullable(),
  /** Id of the lever of a developer that caused the answer; null when none did. */
  lever: z.string().nullable(),
});
export type RequestView = z.infer<typeof requestView>;

/** Errors of the authorization endpoint that a page shows. Other errors are redirects. */
const errorsOnPage = new Set(['invalid_redirect_uri', 'invalid_client', 'invalid_request_uri']);

/** An act of a developer on an app's grants and tokens, which the Activity shows among the requests. */
export interface LeverAct {
  /** Id of the lever. */
  lever: string;
  client_id: string;
  kind: 'authorization' | 'token';
  method: string;
  path: string;
}

interface Row extends Omit<RequestView, 'at' | 'cause' | 'fix'> {
  at: Date;
  detail: string | null;
}

/**
 * Keeps the requests of apps for their developers: for some days, and only the newest requests of each app.
 */
@Injectable()
export class AppRequests {
  constructor(private readonly source: DataSource) {}

  /** Idempotent: a repeated batch changes nothing. A batch of an unknown app is dropped. */
  async applyBatch(batch: EventData<'requests-recorded'>): Promise<void> {
    await this.source.query(
      `INSERT INTO app_request (id, client_id, environment, at, kind, method, path, status, duration_ms, request_id, error, detail, lever)
       SELECT $1 || ':' || entry.number, $2, $3, (record->>'at')::timestamptz, record->>'kind', record->>'method', record->>'path',
              (record->>'status')::integer, (record->>'duration_ms')::integer, record->>'request_id', record->>'error',
              record->>'detail', record->>'lever'
       FROM jsonb_array_elements($4::jsonb) WITH ORDINALITY AS entry (record, number)
       WHERE EXISTS (SELECT 1 FROM app WHERE client_id = $2)
       ON CONFLICT DO NOTHING`,
      [
        batch.id,
        batch.client_id,
        batch.environment,
        JSON.stringify(batch.requests).replaceAll('\\u0000', ''),
      ],
    );
    await this.forgetUsed(batch.client_id, batch.requests);
    await this.trim(batch.client_id, batch.environment);
  }

  async applyFailedAuthorization(attempt: EventData<'authorization-failed'>): Promise<void> {
    await this.source.query(
      `INSERT INTO app_request (id, client_id, environment, at, kind, method, path, status, error, detail, redirect_uri, lever)
       SELECT $1, client_id, $3, $4, 'authorization', 'GET', '/authorize', $8, $5, $6, $7, $9 FROM app WHERE client_id = $2
       ON CONFLICT DO NOTHING`,
      [
        attempt.id,
        attempt.client_id,
        attempt.environment,
        attempt.at,
        attempt.error,
        attempt.detail,
        attempt.redirect_uri ?? null,
        errorsOnPage.has(attempt.error) ? 400 : 303,
        attempt.lever ?? null,
      ],
    );
    await this.forgetUsed(attempt.client_id, [attempt]);
    await this.trim(attempt.client_id, attempt.environment);
  }

  /** Records an act by which a developer ended a grant or a token, in the transaction of the act. */
  async recordLever(db: Queryable, { lever, client_id, kind, method, path }: LeverAct): Promise<void> {
    await db.query(
      `INSERT INTO app_request (id, client_id, environment, at, kind, method, path, status, lever)
       VALUES ($1, $2, 'sandbox', now(), $3, $4, $5, 200, $6)`,
      [`lever:${lever}`, client_id, kind, method, path, lever],
    );
  }

  /**
   * Removes the levers that have caused their answer from the app. Other services ignore a used lever
   * anyway, so the app gets no new version.
   */
  private async forgetUsed(clientId: string, answers: readonly { lever?: string | null }[]): Promise<void> {
    const used = answers.flatMap(({ lever }) => lever ?? []);
    if (used.length === 0) return;
    await this.source.query(
      `UPDATE app SET levers = jsonb_set(levers, '{next_errors}', (
         SELECT coalesce(jsonb_agg(waiting), '[]') FROM jsonb_array_elements(levers->'next_errors') AS waiting
         WHERE waiting->>'id' <> ALL($2)))
       WHERE client_id = $1 AND levers IS NOT NULL`,
      [clientId, used],
    );
  }

  /** A page of an app's requests, the newest first. */
  async of(
    clientId: string,
    filter: RequestFilter,
  ): Promise<{ requests: RequestView[]; next: string | null }> {
    const [beforeAt, beforeId] = filter.before?.split(' ') ?? [];
    const rows = await rowsOf<Row>(
      this.source,
      `SELECT id, at, environment, kind, method, path, status, duration_ms, request_id, error, detail, redirect_uri,
              lever
       FROM app_request
       WHERE client_id = $1 AND ($2::text IS NULL OR environment = $2) AND ($3::text IS NULL OR kind = $3)
         AND ($4::text IS NULL OR (error IS NOT NULL OR status >= 400) = ($4 = 'failed'))
         AND ($5::timestamptz IS NULL OR at >= $5) AND ($6::timestamptz IS NULL OR at < $6)
         AND ($7::timestamptz IS NULL OR (at, id) < ($7, $8))
       ORDER BY at DESC, id DESC LIMIT $9`,
      [
        clientId,
        filter.environment ?? null,
        filter.kind ?? null,
        filter.outcome ?? null,
        filter.since ?? null,
        filter.until ?? null,
        beforeAt ?? null,
        beforeId ?? null,
        filter.limit + 1,
      ],
    );
    const page = rows.slice(0, filter.limit).map(viewOf);
    const last = page.at(-1);
    return { requests: page, next: rows.length > filter.limit && last ? `${last.at} ${last.id}` : null };
  }

  /**
   * All kept requests that match the filter, the newest first. The limit is the number of kept requests
   * (10,000).
   */
  async all(clientId: string, filter: RequestFilter): Promise<RequestView[]> {
    const { requests } = await this.of(clientId, { ...filter, limit: maxKept * environments.length });
    return requests;
  }

  private async trim(clientId: string, environment: Environment): Promise<void> {
    await this.source.query(
      `DELETE FROM app_request WHERE client_id = $1 AND environment = $2 AND (
         at < now() - make_interval(days => $3) OR (at, id) < (
           SELECT at, id FROM app_request WHERE client_id = $1 AND environment = $2
           ORDER BY at DESC, id DESC OFFSET ${maxKept - 1} LIMIT 1))`,
      [clientId, environment, keptDays[environment]],
    );
  }
}

function viewOf({ detail, at, ...row }: Row): RequestView {
  const { cause, fix } = explain(row.kind, row.error, row.status, detail);
  return { ...row, at: at.toISOString(), cause, fix };
}

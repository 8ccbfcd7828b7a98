import { Injectable } from '@nestjs/common';
import { rowsOf, type Queryable } from '@payer/service';
import {
  byEnvironment,
  environments,
  isSynthetic,
  requestKinds,
  type Environment,
  type EventData,
} from '@payer/smart';
import { DataSource } from 'typeorm';
import { z } from 'zod';
import { explain } from './explain.js';
import type { RequestFilter } from './request-filter.js';

/** Days for which a request is kept. */
export const keptDays = byEnvironment((environment) => (isSynthetic(environment) ? 7 : 30));
/** The most requests per app and environment. The newest are kept. */
const maxKept = 5000;

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
  environment: Environment;
  kind: 'authorization' | 'token';
  method: string;
  path: string;
}

interface Row extends Omit<RequestView, 'at' | 'cause' | 'fix'> {
  at: Date;
  detail: string | null;
  /** Place in the order of arrival. Null for a request from before requests had one. */
  number: string | null;
}

/** A part of an app's requests, and the places of the parts beside it. */
export interface RequestPage {
  requests: RequestView[];
  /** Value of `before` for the next page. Null on the last page. */
  next: string | null;
  /** Value of `after` for the requests that arrive later. */
  latest: string;
}

/** Makes the requests of one app arrive one after the other, so that a number is never filled later. */
const inTurn =
  "turn AS MATERIALIZED (SELECT pg_advisory_xact_lock(hashtextextended('app_request ' || $2, 0)))";

const columns =
  'id, at, environment, kind, method, path, status, duration_ms, request_id, error, detail, redirect_uri, lever, number';

/** The conditions of a filter, with the values of {@link filterValues}. */
const isWanted = `client_id = $1 AND ($2::text IS NULL OR environment = $2) AND ($3::text IS NULL OR kind = $3)
  AND ($4::text IS NULL OR (error IS NOT NULL OR status >= 400) = ($4 = 'failed'))
  AND ($5::timestamptz IS NULL OR at >= $5) AND ($6::timestamptz IS NULL OR at < $6)`;

const filterValues = (clientId: string, filter: RequestFilter) => [
  clientId,
  filter.environment ?? null,
  filter.kind ?? null,
  filter.outcome ?? null,
  filter.since ?? null,
  filter.until ?? null,
];

/**
 * Keeps the requests of apps for their developers: for some days, and only the newest requests of each app.
 */
@Injectable()
export class AppRequests {
  constructor(private readonly source: DataSource) {}

  /** Idempotent: a repeated batch changes nothing. A batch of an unknown app is dropped. */
  async applyBatch(batch: EventData<'requests-recorded'>): Promise<void> {
    await this.source.query(
      `WITH ${inTurn}
       INSERT INTO app_request (id, client_id, environment, at, kind, method, path, status, duration_ms, request_id, error, detail, lever)
       SELECT $1 || ':' || entry.number, $2, $3, (record->>'at')::timestamptz, record->>'kind', record->>'method', record->>'path',
              (record->>'status')::integer, (record->>'duration_ms')::integer, record->>'request_id', record->>'error',
              record->>'detail', record->>'lever'
       FROM turn, jsonb_array_elements($4::jsonb) WITH ORDINALITY AS entry (record, number)
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
      `WITH ${inTurn}
       INSERT INTO app_request (id, client_id, environment, at, kind, method, path, status, error, detail, redirect_uri, lever)
       SELECT $1, client_id, $3, $4, 'authorization', 'GET', '/authorize', $8, $5, $6, $7, $9
       FROM turn, app WHERE client_id = $2
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
  async recordLever(db: Queryable, act: LeverAct): Promise<void> {
    const { lever, client_id, environment, kind, method, path } = act;
    await db.query(
      `WITH ${inTurn}
       INSERT INTO app_request (id, client_id, environment, at, kind, method, path, status, lever)
       SELECT $1, $2, $7, now(), $3, $4, $5, 200, $6 FROM turn`,
      [`lever:${lever}`, client_id, kind, method, path, lever, environment],
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

  /**
   * A page of an app's requests, the newest first; with `after`, those that arrived since, in their order.
   */
  of(clientId: string, filter: RequestFilter): Promise<RequestPage> {
    return filter.after === undefined
      ? this.page(clientId, filter)
      : this.arrivedAfter(clientId, filter, filter.after);
  }

  private async page(clientId: string, filter: RequestFilter): Promise<RequestPage> {
    const [beforeAt, beforeId] = filter.before?.split(' ') ?? [];
    // One statement, so that no request arrives between the page and its `latest`.
    const rows = await rowsOf<Row & { latest: string }>(
      this.source,
      `SELECT known.latest, page.*
       FROM (SELECT coalesce(max(number), 0) AS latest FROM app_request WHERE client_id = $1) AS known
       LEFT JOIN LATERAL (
         SELECT ${columns} FROM app_request
         WHERE ${isWanted} AND ($7::timestamptz IS NULL OR (at, id) < ($7, $8))
         ORDER BY at DESC, id DESC LIMIT $9) AS page ON true
       ORDER BY page.at DESC, page.id DESC`,
      [...filterValues(clientId, filter), beforeAt ?? null, beforeId ?? null, filter.limit + 1],
    );
    const found = rows.filter(({ id }) => id !== null);
    const requests = found.slice(0, filter.limit).map(viewOf);
    const last = requests.at(-1);
    return {
      requests,
      next: found.length > filter.limit && last ? `${last.at} ${last.id}` : null,
      latest: String(rows[0]?.latest ?? 0),
    };
  }

  private async arrivedAfter(clientId: string, filter: RequestFilter, after: string): Promise<RequestPage> {
    const rows = await rowsOf<Row>(
      this.source,
      `SELECT ${columns} FROM app_request WHERE ${isWanted} AND number > $7 ORDER BY number LIMIT $8`,
      [...filterValues(clientId, filter), after, filter.limit],
    );
    return { requests: rows.map(viewOf), next: null, latest: rows.at(-1)?.number ?? after };
  }

  /** How many kept requests match the filter, by their outcome. */
  async counts(clientId: string, filter: RequestFilter): Promise<{ failed: number; served: number }> {
    const [row] = await rowsOf<{ failed: number; served: number }>(
      this.source,
      `SELECT count(*) FILTER (WHERE error IS NOT NULL OR status >= 400)::integer AS failed,
              count(*) FILTER (WHERE error IS NULL AND status < 400)::integer AS served
       FROM app_request WHERE ${isWanted}`,
      filterValues(clientId, filter),
    );
    return row ?? { failed: 0, served: 0 };
  }

  /**
   * All kept requests that match the filter, the newest first. The limit is the number of kept requests
   * (10,000).
   */
  async all(clientId: string, filter: RequestFilter): Promise<RequestView[]> {
    const limit = maxKept * environments.length;
    const { requests } = await this.page(clientId, { ...filter, limit });
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

function viewOf(row: Row): RequestView {
  const { cause, fix } = explain(row.kind, row.error, row.status, row.detail);
  const { id, environment, kind, method, path, status, duration_ms, request_id, error } = row;
  const { redirect_uri, lever } = row;
  const at = row.at.toISOString();
  const request = { id, at, environment, kind, method, path, status, duration_ms, request_id, error };
  return { ...request, cause, fix, redirect_uri, lever };
}

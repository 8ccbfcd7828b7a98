import { Injectable } from '@nestjs/common';
import { rowsOf } from '@payer/service';
import type { Environment, GrantState } from '@payer/smart';
import { DataSource } from 'typeorm';

/** A grant that was live on the given day, with the number of requests of that day. */
export interface GrantOfDay {
  grant_id: string;
  client_id: string;
  sub: string;
  created_at: Date;
  /** The instant of its revocation, or of its expiry. */
  ends_at: Date;
  /** Null for a live grant and for an expired one. */
  revoked_reason: GrantState['revoked_reason'];
  requests: number;
  /** Number of these requests with status 400 or above. */
  refused: number;
}

/** Records which app had access to which patient, and when. Contains ids only. */
@Injectable()
export class GrantHistory {
  constructor(private readonly source: DataSource) {}

  /**
   * Keeps the newest states of grants, each of another one. A repeated or late state changes nothing.
   */
  async apply(grants: readonly GrantState[]): Promise<void> {
    await this.source.query(
      `INSERT INTO grant_history AS known (grant_id, version, environment, sub, patient, client_id, created_at,
                                           expires_at, revoked_at, revoked_reason)
       SELECT grant_id, version, environment, sub, patient, client_id, created_at, expires_at, revoked_at, revoked_reason
       FROM jsonb_populate_recordset(NULL::grant_history, $1::jsonb) ORDER BY grant_id
       ON CONFLICT (grant_id) DO UPDATE SET version = excluded.version, expires_at = excluded.expires_at,
         revoked_at = excluded.revoked_at, revoked_reason = excluded.revoked_reason
       WHERE known.version < excluded.version`,
      [JSON.stringify(grants)],
    );
  }

  /** The members and patients of grants with this `sub` or patient id. */
  async membersOf(
    environment: Environment,
    identifier: string,
  ): Promise<{ sub: string; patient: string; member_number: null }[]> {
    return rowsOf(
      this.source,
      `SELECT DISTINCT sub, patient, NULL AS member_number FROM grant_history
       WHERE environment = $1 AND (sub = $2 OR patient = $2) ORDER BY 1, 2 LIMIT 50`,
      [environment, identifier],
    );
  }

  /**
   * The grants for one of the patients that were live during a part of the day.
   * @param day `YYYY-MM-DD`, UTC
   */
  async alive(environment: Environment, patients: readonly string[], day: string): Promise<GrantOfDay[]> {
    return rowsOf<GrantOfDay>(
      this.source,
      `WITH day AS (SELECT $3::date::timestamp AT TIME ZONE 'UTC' AS start,
                           ($3::date + 1)::timestamp AT TIME ZONE 'UTC' AS finish)
       SELECT known.grant_id, known.client_id, sub, created_at, least(expires_at, revoked_at) AS ends_at, revoked_reason,
              coalesce(total.requests, 0) AS requests, coalesce(total.errors, 0) AS refused
       FROM day, grant_history AS known
       LEFT JOIN access_total AS total ON total.grant_id = known.grant_id AND total.day = $3::date
       WHERE known.environment = $1 AND known.patient = ANY($2)
         AND created_at < day.finish AND least(expires_at, revoked_at) > day.start
       ORDER BY known.client_id, created_at`,
      [environment, patients, day],
    );
  }
}

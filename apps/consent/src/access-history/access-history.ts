import { Injectable } from '@nestjs/common';
import { rowsOf } from '@payer/service';
import { dataKinds, kindOfType, type AccessTotals, type DataKind, type Environment } from '@payer/smart';
import { DataSource } from 'typeorm';
import { shownApps } from '../grants/shown-apps.js';
import { isVisibleTo, type GrantViewer } from '../grants/visible-grants.js';

/** One day of one app that read a member's records. */
export interface AccessDay {
  /** UTC, `YYYY-MM-DD`. */
  day: string;
  client_id: string;
  client_name: string;
  /** Name of the patient, if the grant is for another person than the reader. */
  records_of?: string;
  /** All requests of the day, refused ones among them. */
  requests: number;
  /** Records in the answers, by kind of data. Null when fhir-api did not count them. */
  read: { kind: DataKind; records: number }[] | null;
}

interface Row {
  day: string;
  client_id: string;
  client_name: string;
  records_of: string | null;
  requests: string;
  reads: AccessTotals['reads'][];
}

/** The days on which apps read a member's records, from the access log of fhir-api. */
@Injectable()
export class AccessHistory {
  constructor(private readonly source: DataSource) {}

  /** Stores the totals of a grant on a day. Newer totals replace older ones. */
  async apply(totals: AccessTotals): Promise<void> {
    const { id, version, grant_id, last_at, requests, day, reads } = totals;
    if (!grant_id) return;
    await this.source.query(
      `INSERT INTO grant_use (id, version, grant_id, last_at, requests, day, reads)
       VALUES ($1, $2, $3, $4, $5, $6, $7)
       ON CONFLICT (id) DO UPDATE SET version = excluded.version, last_at = excluded.last_at,
         requests = excluded.requests, day = excluded.day, reads = excluded.reads
       WHERE grant_use.version < excluded.version`,
      [id, version, grant_id, last_at, requests, day, reads ? JSON.stringify(reads) : null],
    );
  }

  /**
   * The days of the grants that a member may see, the newest first. The grants of one app for one patient are
   * one line.
   * @param limit most days to return
   */
  async ofMember(environment: Environment, viewer: GrantViewer, limit: number): Promise<AccessDay[]> {
    const rows = await rowsOf<Row>(
      this.source,
      `SELECT coalesce(used.day, used.last_at::date)::text AS day, g.client_id,
              max(coalesce(app.shown->>'client_name', g.client_name)) AS client_name,
              max(g.patient_name) FILTER (WHERE g.sub = $2) AS records_of,
              sum(used.requests)::text AS requests, jsonb_agg(used.reads) AS reads
       FROM (SELECT * FROM app_grant WHERE environment = $1 AND ${isVisibleTo('$2', '$3')}) g
         JOIN grant_use used ON used.grant_id = g.grant_id
         LEFT JOIN ${shownApps(environment)} app ON app.client_id = g.client_id
       GROUP BY 1, g.client_id, g.patient ORDER BY 1 DESC, g.client_id, g.patient LIMIT $4`,
      [environment, viewer.sub, viewer.patient, limit],
    );
    return rows.map(({ reads, requests, records_of, ...row }) => ({
      ...row,
      ...(records_of ? { records_of } : {}),
      requests: Number(requests),
      read: reads.includes(null as never) ? null : byKind(reads.flatMap((each) => each ?? [])),
    }));
  }
}

function byKind(reads: NonNullable<AccessTotals['reads']>): NonNullable<AccessDay['read']> {
  const records = new Map<DataKind, number>();
  for (const { type, resources } of reads) {
    const kind = (kindOfType as Partial<Record<string, DataKind>>)[type];
    if (kind) records.set(kind, (records.get(kind) ?? 0) + resources);
  }
  return dataKinds.flatMap((kind) =>
    (records.get(kind) ?? 0) > 0 ? [{ kind, records: records.get(kind) ?? 0 }] : [],
  );
}

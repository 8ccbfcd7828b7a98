import { Injectable } from '@nestjs/common';
import { rowsOf } from '@payer/service';
import { environmentRules, environments } from '@payer/smart';
import { DataSource } from 'typeorm';
import { z } from 'zod';
import { daysOf } from './report-period.js';

/** The yearly figures of 42 CFR 422.119(h), and how they were counted. Counts only: no member, no grant. */
export const patientAccessReport = z.object({
  year: z.int(),
  /** False while the year is not over. */
  is_complete: z.boolean(),
  /** (h)(1): unique members whose data was transferred to a health app at least once. */
  unique_members: z.int(),
  /** (h)(2): unique members whose data was transferred to a health app more than once. */
  unique_members_more_than_once: z.int(),
  /** Unique members whose data was transferred on more than one day (UTC), for comparison. */
  unique_members_more_than_one_day: z.int(),
  /** Apps that received data. */
  apps: z.int(),
  /** Answers with data: FHIR requests of a member's grant that were served. */
  transfers: z.int(),
  /** Transfers whose grant is unknown, so that no member could be counted. Zero in a consistent system. */
  transfers_without_member: z.int(),
});
export type PatientAccessReport = z.infer<typeof patientAccessReport>;

/** Environments with the data of real members. */
const withMembers = environments.filter((environment) => environmentRules[environment].data === 'members');

/** Counts the yearly figures from the totals of fhir-api and the grants of consent. */
@Injectable()
export class PatientAccessReports {
  constructor(private readonly source: DataSource) {}

  async of(year: number): Promise<PatientAccessReport> {
    const { first, next } = daysOf(year);
    const [counts] = await rowsOf<Omit<PatientAccessReport, 'year' | 'is_complete'>>(
      this.source,
      `WITH served AS (
         SELECT total.client_id, total.environment, patient, day, requests - errors AS transfers
         FROM access_total AS total
         LEFT JOIN grant_history AS known
           ON known.grant_id = total.grant_id AND known.environment = total.environment
         WHERE total.environment = ANY($1) AND day >= $2::date AND day < $3::date
           AND total.grant_id IS NOT NULL AND requests > errors
       ), members AS (
         SELECT sum(transfers) AS transfers, count(DISTINCT day) AS days
         FROM served WHERE patient IS NOT NULL GROUP BY environment, patient
       )
       SELECT (SELECT count(*) FROM members)::integer AS unique_members,
              (SELECT count(*) FROM members WHERE transfers > 1)::integer AS unique_members_more_than_once,
              (SELECT count(*) FROM members WHERE days > 1)::integer AS unique_members_more_than_one_day,
              (SELECT count(DISTINCT client_id) FROM served)::integer AS apps,
              (SELECT coalesce(sum(transfers), 0) FROM served)::float8 AS transfers,
              (SELECT coalesce(sum(transfers), 0) FROM served WHERE patient IS NULL)::float8
                AS transfers_without_member`,
      [withMembers, first, next],
    );
    return { year, is_complete: year < new Date().getUTCFullYear(), ...counts! };
  }
}

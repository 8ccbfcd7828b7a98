import { randomUUID } from 'node:crypto';
import type { Pool, PoolClient } from 'pg';
import { codeToken } from '@payer/fhir-store';
import { addAllToOutbox, wakeRelays } from '@payer/events';
import {
  countedTypes,
  kindsWithinType,
  withheldLabels,
  type Environment,
  type RecordCounts,
} from '@payer/smart';

/** Members of one transaction, which take some milliseconds. */
const membersPerStep = 200;

/** Members of one event. */
const membersPerEvent = 100;

/** Pause after a sweep, in milliseconds. */
const pause = 10_000;

/** A prior authorization is no claim, although both are ExplanationOfBenefit. */
const { type: benefit, element, value } = kindsWithinType.priorAuthorizations;
const priorAuthorization = codeToken(benefit, element, value);

/** Earliest date that counts as a date of care: an open period begins before all years (date.ts). */
const earliest = Date.parse('1900-01-01');

type Member = RecordCounts['members'][number];

/**
 * Sweeps over an environment's members again and again: counts the records of the next members, and publishes
 * the counts that changed (`records-counted`) in the transaction that stores their fingerprints. Replicas
 * sweep independently: of two that find the same change, the row of the fingerprint lets one publish it.
 *
 * A sweep finds each change, by any writer: the loader, a deletion, or a restore. It reads an index only.
 * Dates of care are read for the changed members. Without changes it writes nothing.
 */
export class RecordCountSweep {
  private after = '';
  /** Time of the next sweep, in milliseconds of `performance.now()`. */
  private dueAt = -Infinity;

  constructor(
    private readonly pool: Pool,
    private readonly environment: Environment,
  ) {}

  /** Takes the next step, unless the pause after a sweep lasts. */
  async nextIfDue(): Promise<void> {
    if (performance.now() >= this.dueAt) await this.next();
  }

  /** Takes one step. @returns false at the end of a sweep */
  async next(): Promise<boolean> {
    const patients = await nextPatients(this.pool, this.after);
    const changed = await changedSince(this.pool, patients);
    if (changed.length > 0) await this.publish(changed);
    const isEnd = patients.length < membersPerStep;
    this.after = isEnd ? '' : patients.at(-1)!;
    this.dueAt = isEnd ? performance.now() + pause : -Infinity;
    return !isEnd;
  }

  private async publish(patients: readonly string[]): Promise<void> {
    const client = await this.pool.connect();
    let failed = true;
    try {
      await client.query('BEGIN');
      await publish(
        client,
        this.environment,
        await countRecords(client, await storeChanges(client, patients)),
      );
      await client.query('COMMIT');
      failed = false;
    } finally {
      if (failed) await client.query('ROLLBACK').catch(() => undefined);
      client.release(failed);
    }
    wakeRelays();
  }
}

/** Patients with records, and patients whose counted records have been deleted. */
async function nextPatients(pool: Pool, after: string): Promise<string[]> {
  const { rows } = await pool.query<{ patient: string }>(
    `SELECT patient FROM (
       (SELECT id AS patient FROM member_resource WHERE type = 'Patient' AND id > $1 ORDER BY id LIMIT $2)
       UNION
       (SELECT patient FROM record_count WHERE patient > $1 ORDER BY patient LIMIT $2)
     ) next ORDER BY patient LIMIT $2`,
    [after, membersPerStep],
  );
  return rows.map(({ patient }) => patient);
}

/**
 * The number of resources and the security labels of the patients in `$1`, as one text for each. The month is
 * part of the fingerprint, so each count is published again once a month, and the log need not keep counts
 * for longer.
 */
const fingerprints = `
  SELECT given.patient,
         to_char(now(), 'YYYY-MM') || coalesce(found.counts, '') || coalesce(labelled.counts, '') AS fingerprint
  FROM unnest($1::text[]) AS given (patient)
    LEFT JOIN (
      SELECT patient, string_agg(type || count, ' ' ORDER BY type) AS counts
      FROM (SELECT patient, type, count(*) AS count FROM member_resource WHERE patient = ANY($1) GROUP BY 1, 2) each
      GROUP BY patient
    ) found USING (patient)
    LEFT JOIN (
      SELECT patient, '!' || md5(string_agg(type || id || coalesce(labels::text, '') || coalesce(followed_labels::text, ''),
                                            ' ' ORDER BY type, id)) AS counts
      FROM member_resource
      WHERE patient = ANY($1) AND (labels IS NOT NULL OR followed_labels IS NOT NULL)
      GROUP BY patient
    ) labelled USING (patient)`;

/** The patients whose fingerprint differs from the published state. Only reads. */
async function changedSince(pool: Pool, patients: readonly string[]): Promise<string[]> {
  if (patients.length === 0) return [];
  const { rows } = await pool.query<{ patient: string }>(
    `SELECT found.patient FROM (${fingerprints}) found LEFT JOIN record_count known USING (patient)
     WHERE known.fingerprint IS DISTINCT FROM found.fingerprint`,
    [patients],
  );
  return rows.map(({ patient }) => patient);
}

/**
 * Stores the fingerprints of changed patients.
 * @returns the patients whose change no other replica has stored
 */
async function storeChanges(client: PoolClient, patients: readonly string[]): Promise<string[]> {
  const { rows } = await client.query<{ patient: string }>(
    `INSERT INTO record_count AS known (patient, fingerprint)
     SELECT patient, fingerprint FROM (${fingerprints}) found ORDER BY patient
     ON CONFLICT (patient) DO UPDATE SET fingerprint = excluded.fingerprint
     WHERE known.fingerprint <> excluded.fingerprint
     RETURNING patient`,
    [patients],
  );
  return rows.map(({ patient }) => patient);
}

/**
 * The number of records of each counted type, and the earliest date in them. Records with a sensitive label
 * do not count: a page with the numbers must reveal to nobody that the member has such records.
 */
async function countRecords(client: PoolClient, patients: readonly string[]): Promise<Member[]> {
  if (patients.length === 0) return [];
  const { rows } = await client.query<{ patient: string; type: string; count: number; since: string | null }>(
    `SELECT patient, type, count(*)::integer AS count, min(dates.low)::text AS since
     FROM member_resource
       CROSS JOIN LATERAL (
         SELECT min(low) AS low FROM unnest(date_low) AS low WHERE low BETWEEN $3 AND $4
       ) dates
     WHERE patient = ANY($1) AND type = ANY($2)
       AND NOT (type = 'ExplanationOfBenefit' AND tokens @> ARRAY[$6])
       AND (labels IS NULL OR NOT labels && $5::text[])
       AND (followed_labels IS NULL OR NOT followed_labels && $5::text[])
     GROUP BY patient, type ORDER BY patient, type`,
    [patients, countedTypes, earliest, Date.now(), withheldLabels([]), priorAuthorization],
  );
  const members = new Map<string, Member>(patients.map((patient) => [patient, { patient, counts: [] }]));
  for (const { patient, type, count, since } of rows)
    members.get(patient)?.counts.push({
      type,
      count,
      since: since === null ? null : new Date(Number(since)).toISOString().slice(0, 10),
    });
  return [...members.values()];
}

async function publish(
  client: PoolClient,
  environment: Environment,
  members: readonly Member[],
): Promise<void> {
  if (members.length === 0) return;
  // The clock of the one database, after the rows are locked: of two counts of a member by two replicas, the
  // later one has the higher version.
  const { rows } = await client.query<{ version: string }>(
    'SELECT floor(extract(epoch FROM clock_timestamp()) * 1000)::text AS version',
  );
  const version = Number(rows[0]!.version);
  const batches: RecordCounts[] = [];
  for (let start = 0; start < members.length; start += membersPerEvent)
    batches.push({
      id: randomUUID(),
      version,
      environment,
      members: members.slice(start, start + membersPerEvent),
    });
  await addAllToOutbox(client, 'records-counted', batches);
}

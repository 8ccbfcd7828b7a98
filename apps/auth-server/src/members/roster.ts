import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { randomUUID } from 'node:crypto';
import { hashPassword, randomToken, rowsOf } from '@payer/service';
import type { Environment } from '@payer/smart';
import { DataSource, type EntityManager } from 'typeorm';
import { z } from 'zod';
import { databaseOptions } from '../database/database-options.js';
import { endProviderSessions, endSessions } from './end-sign-ins.js';
import { mailFields } from './mail-fields.js';
import { endGrantsWithoutRight } from '../grants/end-grants-without-right.js';
import {
  fhirId,
  hasRecords,
  noRecords,
  representsList,
  representsOthersOnly,
  representsSelf,
  storeRepresentations,
} from '../representation/import-representations.js';

/** A line of a roster. A roster holds no passwords: they stay at the provider. */
const entryShape = z
  .strictObject({
    /** The member's key at the provider: the value of its `subject_claim`. */
    subject: z.string().min(1).max(255),
    /** Id of the FHIR Patient. Absent for a person who acts for others only. */
    patient: fhirId.optional(),
    name: z.string().min(1).max(200),
    /** The member number, by which the platform team finds the member. Defaults to the subject. */
    username: z.string().min(1).max(255).optional(),
    /** The patients for whom the member may act. */
    represents: representsList,
    ...mailFields,
  })
  .refine(hasRecords, { error: noRecords })
  .refine(representsOthersOnly, { error: representsSelf });
type Entry = z.infer<typeof entryShape>;

export interface RosterOptions {
  environment: Environment;
  /** The provider in MEMBER_PROVIDERS that these members belong to. */
  provider: string;
  /** Largest share of the members, 0 to 1, that an import may remove. A larger share stops the import. */
  maxRemoved: number;
}

export interface RosterReport {
  added: number;
  updated: number;
  unchanged: number;
  removed: number;
  /** Grants that ended, because their member may not act for the patient any more. */
  grantsEnded: number;
}

/** Entries that one statement stores. */
const batchSize = 500;

/**
 * Makes the members of a provider equal to a roster: adds, updates and removes members. A member who stays
 * keeps their `sub`, and so their grants. Lines are read as a stream.
 *
 * The rights to act for others become those of the roster, too. A right that is gone takes its grants along,
 * and a removed member's sessions end.
 *
 * @param file NDJSON: `{subject, patient?, name, username?, represents?, email?, language?}` per line
 * @throws Error that names file and line when a line is wrong, or when too many members would be removed.
 * Nothing is changed then.
 */
export async function importRoster(
  databaseUrl: string,
  file: string,
  options: RosterOptions,
): Promise<RosterReport> {
  const { url } = databaseOptions(databaseUrl);
  const source = await new DataSource({ type: 'postgres', url }).initialize();
  // No password matches this hash, because its secret is not stored.
  const unusable = await hashPassword(randomToken());
  try {
    return await source.transaction(async (manager) => {
      const run = randomUUID();
      const report: RosterReport = { added: 0, updated: 0, unchanged: 0, removed: 0, grantsEnded: 0 };
      const seen = new Set<string>();
      let batch: Entry[] = [];
      const store = async () => {
        const stored = await storeBatch(manager, options, run, unusable, batch);
        for (const { outcome } of stored) report[outcome] += 1;
        report.grantsEnded += await storeRights(manager, options, batch);
        batch = [];
      };
      for await (const entry of entriesOf(file)) {
        if (seen.has(entry.subject)) throw new Error(`${file}: the subject of a member is there twice`);
        seen.add(entry.subject);
        batch.push(entry);
        if (batch.length >= batchSize) await store();
      }
      if (batch.length > 0) await store();
      const removed = await removeOthers(manager, options, run);
      report.removed = removed.length;
      report.grantsEnded += await endGrantsWithoutRight(manager, options.environment, removed);
      // A person who is not covered any more must not be the one who is signed in at a shared browser.
      await endSessions(manager, options.environment, removed);
      await endProviderSessions(manager, options.environment, removed);
      const before = report.removed + report.updated + report.unchanged;
      if (report.removed > before * options.maxRemoved)
        throw new Error(
          `${report.removed} of ${before} members are not in ${file}, more than the allowed share of ` +
            `${options.maxRemoved}. Nothing was changed. Pass --max-removed to allow it.`,
        );
      return report;
    });
  } finally {
    await source.destroy();
  }
}

async function* entriesOf(file: string): AsyncGenerator<Entry> {
  let number = 0;
  for await (const text of createInterface({ input: createReadStream(file), crlfDelay: Infinity })) {
    number += 1;
    if (text.trim() === '') continue;
    const parsed = entryShape.safeParse(safeJson(text));
    // A line holds data of a member, so the error shows only the names of the wrong fields.
    if (!parsed.success) {
      const problems = parsed.error.issues.map(({ path, message }) => `${path.join('.')} ${message}`);
      throw new Error(`${file}:${number}: ${problems.join('; ')}`);
    }
    yield parsed.data;
  }
}

function safeJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Stores entries. A known subject keeps its member. */
function storeBatch(
  manager: EntityManager,
  { environment, provider }: RosterOptions,
  run: string,
  unusable: string,
  batch: readonly Entry[],
): Promise<{ outcome: 'added' | 'updated' | 'unchanged' }[]> {
  return rowsOf(
    manager,
    `WITH entry AS (
       SELECT given.*, known.sub AS known_sub, gen_random_uuid()::text AS new_sub
       FROM jsonb_to_recordset($4::jsonb) AS given(subject text, patient text, name text, username text,
                                                email text, language text)
         LEFT JOIN member_identity known
           ON known.environment = $1 AND known.provider = $2 AND known.subject = given.subject
     ), changed AS (
       UPDATE member SET patient = entry.patient, name = entry.name, username = entry.username,
                         email = entry.email, language = entry.language
       FROM entry WHERE member.environment = $1 AND member.sub = entry.known_sub
         AND (member.patient, member.name, member.username, member.email, member.language)
           IS DISTINCT FROM (entry.patient, entry.name, entry.username, entry.email, entry.language)
       RETURNING member.sub
     ), made AS (
       INSERT INTO member (environment, sub, username, password_hash, patient, name, email, language)
       SELECT $1, new_sub, username, $5, patient, name, email, language
       FROM entry WHERE known_sub IS NULL RETURNING sub
     ), marked AS (
       INSERT INTO member_identity (environment, provider, subject, sub, imported_by)
       SELECT $1, $2, subject, coalesce(known_sub, new_sub), $3 FROM entry
       ON CONFLICT (environment, provider, subject) DO UPDATE SET imported_by = excluded.imported_by
       RETURNING sub
     )
     SELECT CASE WHEN made.sub IS NOT NULL THEN 'added' WHEN changed.sub IS NOT NULL THEN 'updated' ELSE 'unchanged' END
            AS outcome
     FROM marked LEFT JOIN made USING (sub) LEFT JOIN changed USING (sub)`,
    [
      environment,
      provider,
      run,
      JSON.stringify(batch.map((entry) => ({ ...entry, username: entry.username ?? entry.subject }))),
      unusable,
    ],
  );
}

/** Stores the rights to act for others. @returns the number of grants that ended */
async function storeRights(
  manager: EntityManager,
  { environment, provider }: RosterOptions,
  batch: readonly Entry[],
): Promise<number> {
  const known = await rowsOf<{ sub: string; subject: string }>(
    manager,
    'SELECT sub, subject FROM member_identity WHERE environment = $1 AND provider = $2 AND subject = ANY($3)',
    [environment, provider, batch.map(({ subject }) => subject)],
  );
  const subOf = new Map(known.map(({ sub, subject }) => [subject, sub]));
  const members = batch.map(({ subject, represents }) => ({ sub: subOf.get(subject)!, represents }));
  await storeRepresentations(manager, environment, members);
  return endGrantsWithoutRight(
    manager,
    environment,
    members.map(({ sub }) => sub),
  );
}

/** Removes the provider's members that are not in the roster. @returns the removed members */
async function removeOthers(
  manager: EntityManager,
  { environment, provider }: RosterOptions,
  run: string,
): Promise<string[]> {
  const removed = await rowsOf<{ sub: string }>(
    manager,
    `DELETE FROM member USING member_identity known
     WHERE known.environment = $1 AND known.provider = $2 AND known.imported_by <> $3
       AND member.environment = $1 AND member.sub = known.sub
     RETURNING member.sub`,
    [environment, provider, run],
  );
  return removed.map(({ sub }) => sub);
}

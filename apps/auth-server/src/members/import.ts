import '@payer/service/tool-output';
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { randomUUID } from 'node:crypto';
import { parseArgs } from 'node:util';
import { hashPassword, isEntryPoint, passwordMatches, rowsOf, ServiceIdentity } from '@payer/service';
import { environments, isEnvironment, type Environment } from '@payer/smart';
import { DataSource } from 'typeorm';
import { z } from 'zod';
import { readConfig } from '../config.js';
import { databaseOptions } from '../database/database-options.js';
import { endSessionsAtConsent, endSignIns } from './end-sign-ins.js';
import { mailFields } from './mail-fields.js';
import { importedHashMatches } from './passwords/check-password.js';
import { readPasswordHash, RefusedHash } from './passwords/hash-forms.js';
import { offersTestMembers } from './test-members.js';
import { endGrantsWithoutRight } from '../grants/end-grants-without-right.js';
import {
  hasRecords,
  noRecords,
  representsList,
  representsOthersOnly,
  representsSelf,
  storeRepresentations,
} from '../representation/import-representations.js';

const passwordHash = z.string().superRefine((encoded, context) => {
  try {
    readPasswordHash(encoded);
  } catch (error) {
    if (!(error instanceof RefusedHash)) throw error;
    context.addIssue({ code: 'custom', message: error.message });
  }
});

const line = z
  .object({
    username: z.string().min(1),
    password: z.string().min(1).optional(),
    /** The member's hash from another system, in a form of docs/operations.md. Replaces `password`. */
    password_hash: passwordHash.optional(),
    /** Absent for a person who acts for others only. */
    patient: z.string().min(1).optional(),
    name: z.string().min(1),
    represents: representsList,
    ...mailFields,
    /** Cases that a synthetic member's data exercises. The sandbox's sign-in page shows them. */
    exercises: z.array(z.string().min(1).max(200)).max(50).default([]),
    /** Age and coverage of a synthetic member, for the same page. Of a real member they are not stored. */
    birth_date: z.iso.date().optional(),
    deceased_date: z.iso.date().optional(),
    /** Coverage.status of FHIR. */
    coverage_status: z.enum(['active', 'cancelled']).optional(),
  })
  .refine((given) => (given.password === undefined) !== (given.password_hash === undefined), {
    error: 'must have either password or password_hash',
  })
  .refine(hasRecords, { error: noRecords })
  .refine(representsOthersOnly, { error: representsSelf });

type Line = z.infer<typeof line>;

/** Wrong lines that one message lists. */
const maxListed = 20;

/**
 * Imports members who can sign in. An existing member is updated and keeps their `sub`. A new password ends
 * the member's sessions and the sign-ins in progress.
 * @param file NDJSON: `{username, password | password_hash, patient?, name, represents?, email?, language?,
 *   exercises?, birth_date?, deceased_date?, coverage_status?}` per line; `represents` lists the patients for
 *   whom the member may act
 * @param onNewPassword called for each existing member whose password has changed
 * @returns the number of imported members
 * @throws Error that names file and line of wrong lines; no member is changed then
 */
export async function importMembers(
  databaseUrl: string,
  environment: Environment,
  file: string,
  onNewPassword: (sub: string) => Promise<void> = () => Promise.resolve(),
): Promise<number> {
  await checkLines(file);
  const options = databaseOptions(databaseUrl);
  const source = await new DataSource({ type: 'postgres', url: options.url }).initialize();
  let imported = 0;
  try {
    for await (const { number, parsed } of linesOf(file)) {
      // Only a file that changes during the import has a wrong line here.
      if (!parsed.success) throw new Error(problemOf(file, number, parsed.error));
      const { sub, hasNewPassword } = await storeMember(source, environment, parsed.data);
      if (hasNewPassword) await onNewPassword(sub);
      imported += 1;
    }
  } finally {
    await source.destroy();
  }
  return imported;
}

async function* linesOf(file: string) {
  let number = 0;
  for await (const text of createInterface({ input: createReadStream(file), crlfDelay: Infinity })) {
    number += 1;
    if (text.trim() !== '') yield { number, parsed: line.safeParse(safeJson(text)) };
  }
}

/** A line holds data of a member, so the text shows only the names of the wrong fields. */
function problemOf(file: string, number: number, { issues }: z.ZodError): string {
  const problems = issues.map(({ path, message }) => `${path.join('.')} ${message}`.trim());
  return `${file}:${number}: ${problems.join('; ')}`;
}

/** Reads the whole file before anything is stored. @throws Error that lists the first wrong lines */
async function checkLines(file: string): Promise<void> {
  const problems: string[] = [];
  let wrong = 0;
  for await (const { number, parsed } of linesOf(file)) {
    if (parsed.success) continue;
    wrong += 1;
    if (problems.length < maxListed) problems.push(problemOf(file, number, parsed.error));
  }
  if (wrong > maxListed) problems.push(`and ${wrong - maxListed} more wrong lines`);
  if (wrong > 0) throw new Error([...problems, 'Nothing was imported.'].join('\n'));
}

/** The stored hash of a member; it stays while the password does. */
interface StoredHash {
  password_hash: string;
  has_imported_hash: boolean;
}

/** The hash that a line gives, which is the stored one when its password is the stored one. */
async function hashOf(
  { password, password_hash }: Line,
  stored: StoredHash | undefined,
): Promise<StoredHash> {
  if (password_hash !== undefined) return { password_hash, has_imported_hash: true };
  const isStored =
    stored !== undefined &&
    (stored.has_imported_hash
      ? await importedHashMatches(stored.password_hash, password!)
      : await passwordMatches(stored.password_hash, password!));
  return isStored ? stored : { password_hash: await hashPassword(password!), has_imported_hash: false };
}

async function storeMember(
  source: DataSource,
  environment: Environment,
  member: Line,
): Promise<{ sub: string; hasNewPassword: boolean }> {
  const { username, patient, name, represents, email, language, exercises } = member;
  const described: Partial<Line> = offersTestMembers(environment) ? member : {};
  return source.transaction(async (manager) => {
    const [before] = await rowsOf<StoredHash>(
      manager,
      `SELECT password_hash, has_imported_hash FROM member
       WHERE environment = $1 AND username = $2 FOR UPDATE`,
      [environment, username],
    );
    const hash = await hashOf(member, before);
    const [stored] = await rowsOf<{ sub: string }>(
      manager,
      `INSERT INTO member (environment, sub, username, password_hash, has_imported_hash, patient, name,
                           email, language, exercises, birth_date, deceased_date, coverage_status)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
       ON CONFLICT (environment, username) DO UPDATE
       SET password_hash = excluded.password_hash, has_imported_hash = excluded.has_imported_hash,
           patient = excluded.patient, name = excluded.name,
           email = excluded.email, language = excluded.language, exercises = excluded.exercises,
           birth_date = excluded.birth_date, deceased_date = excluded.deceased_date,
           coverage_status = excluded.coverage_status
       RETURNING sub`,
      [
        ...[environment, randomUUID(), username, hash.password_hash, hash.has_imported_hash],
        ...[patient ?? null, name, email ?? null, language ?? null, exercises],
        ...[described.birth_date ?? null, described.deceased_date ?? null],
        described.coverage_status ?? null,
      ],
    );
    const { sub } = stored!;
    await storeRepresentations(manager, environment, [{ sub, represents }]);
    await endGrantsWithoutRight(manager, environment, [sub]);
    const hasNewPassword = before !== undefined && before.password_hash !== hash.password_hash;
    if (hasNewPassword) await endSignIns(manager, environment, sub);
    return { sub, hasNewPassword };
  });
}

function safeJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    options: { environment: { type: 'string' } },
    allowPositionals: true,
  });
  const [file] = positionals;
  const { environment } = values;
  if (!isEnvironment(environment) || !file) {
    console.error(`usage: import --environment ${environments.join('|')} FILE.ndjson`);
    return 2;
  }
  try {
    const config = readConfig();
    const identity = ServiceIdentity.of('auth-server', config);
    let open = 0;
    const imported = await importMembers(config.DATABASE_URL, environment, file, (sub) =>
      endSessionsAtConsent(identity, config, environment, sub).catch(() => void (open += 1)),
    );
    if (open > 0)
      console.error(
        `consent did not answer for ${open} members with a new password: their sessions at the connected apps end by themselves`,
      );
    console.log(`${imported} members of ${environment} imported`);
    return 0;
  } catch (error) {
    console.error((error as Error).message);
    return 1;
  }
}

if (isEntryPoint(import.meta.url)) process.exit(await main());

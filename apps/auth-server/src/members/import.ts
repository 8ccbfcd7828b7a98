import '@payer/service/tool-output';
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { randomUUID } from 'node:crypto';
import { parseArgs } from 'node:util';
import { hashPassword, isEntryPoint, rowsOf } from '@payer/service';
import { environments, isEnvironment, type Environment } from '@payer/smart';
import { DataSource } from 'typeorm';
import { z } from 'zod';
import { readConfig } from '../config.js';
import { databaseOptions } from '../database/database-options.js';
import { mailFields } from './mail-fields.js';
import { endGrantsWithoutRight } from '../grants/end-grants-without-right.js';
import {
  hasRecords,
  noRecords,
  representsList,
  representsOthersOnly,
  representsSelf,
  storeRepresentations,
} from '../representation/import-representations.js';

const line = z
  .object({
    username: z.string().min(1),
    password: z.string().min(1),
    /** Absent for a person who acts for others only. */
    patient: z.string().min(1).optional(),
    name: z.string().min(1),
    represents: representsList,
    ...mailFields,
    /** Cases that a synthetic member's data exercises. The sandbox's sign-in page shows them. */
    exercises: z.array(z.string().min(1).max(200)).max(50).default([]),
  })
  .refine(hasRecords, { error: noRecords })
  .refine(representsOthersOnly, { error: representsSelf });

/**
 * Imports members who can sign in. An existing member is updated and keeps their `sub`.
 * @param file NDJSON: `{username, password, patient?, name, represents?, email?, language?, exercises?}` per
 *   line; `represents` lists the patients for whom the member may act
 * @returns the number of imported members
 * @throws Error that names file and line when a line is wrong; the lines before it stay imported
 */
export async function importMembers(
  databaseUrl: string,
  environment: Environment,
  file: string,
): Promise<number> {
  const options = databaseOptions(databaseUrl);
  const source = await new DataSource({ type: 'postgres', url: options.url }).initialize();
  let number = 0;
  let imported = 0;
  try {
    for await (const text of createInterface({ input: createReadStream(file) })) {
      number += 1;
      if (text.trim() === '') continue;
      const parsed = line.safeParse(safeJson(text));
      if (!parsed.success) throw new Error(`${file}:${number}: ${z.prettifyError(parsed.error)}`);
      const {
        username,
        password,
        patient = null,
        name,
        represents,
        email,
        language,
        exercises,
      } = parsed.data;
      const hash = await hashPassword(password);
      await source.transaction(async (manager) => {
        const [member] = await rowsOf<{ sub: string }>(
          manager,
          `INSERT INTO member (environment, sub, username, password_hash, patient, name, email, language, exercises)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
           ON CONFLICT (environment, username) DO UPDATE
           SET password_hash = excluded.password_hash, patient = excluded.patient, name = excluded.name,
               email = excluded.email, language = excluded.language, exercises = excluded.exercises
           RETURNING sub`,
          [
            environment,
            randomUUID(),
            username,
            hash,
            patient,
            name,
            email ?? null,
            language ?? null,
            exercises,
          ],
        );
        const { sub } = member!;
        await storeRepresentations(manager, environment, [{ sub, represents }]);
        await endGrantsWithoutRight(manager, environment, [sub]);
      });
      imported += 1;
    }
  } finally {
    await source.destroy();
  }
  return imported;
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
    const imported = await importMembers(readConfig().DATABASE_URL, environment, file);
    console.log(`${imported} members of ${environment} imported`);
    return 0;
  } catch (error) {
    console.error((error as Error).message);
    return 1;
  }
}

if (isEntryPoint(import.meta.url)) process.exit(await main());

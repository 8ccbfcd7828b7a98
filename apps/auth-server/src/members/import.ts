import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { randomUUID } from 'node:crypto';
import { parseArgs } from 'node:util';
import { hashPassword } from '@payer/service';
import { isEnvironment } from '@payer/smart';
import { DataSource } from 'typeorm';
import { z } from 'zod';
import { readConfig } from '../config.js';
import { databaseOptions } from '../database/database-options.js';

/**
 * Imports members who can sign in: one JSON object a line, `{username, password, patient, name}`. Who is there already is updated and
 * keeps their `sub`.
 */
const line = z.object({
  username: z.string().min(1),
  password: z.string().min(1),
  patient: z.string().min(1),
  name: z.string().min(1),
});

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    options: { environment: { type: 'string' } },
    allowPositionals: true,
  });
  const [file] = positionals;
  if (!isEnvironment(values.environment) || !file) {
    console.error('usage: import --environment sandbox|production FILE.ndjson');
    return 2;
  }
  const options = databaseOptions(readConfig().DATABASE_URL);
  const source = await new DataSource({ type: 'postgres', url: options.url }).initialize();
  let number = 0;
  let imported = 0;
  try {
    for await (const text of createInterface({ input: createReadStream(file) })) {
      number += 1;
      if (text.trim() === '') continue;
      const parsed = line.safeParse(safeJson(text));
      if (!parsed.success) {
        console.error(`${file}:${number}: ${z.prettifyError(parsed.error)}`);
        return 1;
      }
      const { username, password, patient, name } = parsed.data;
      await source.query(
        `INSERT INTO member (environment, sub, username, password_hash, patient, name) VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (environment, username) DO UPDATE
         SET password_hash = excluded.password_hash, patient = excluded.patient, name = excluded.name`,
        [values.environment, randomUUID(), username, await hashPassword(password), patient, name],
      );
      imported += 1;
    }
  } finally {
    await source.destroy();
  }
  console.log(`${imported} members of ${values.environment} imported`);
  return 0;
}

function safeJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

process.exit(await main());

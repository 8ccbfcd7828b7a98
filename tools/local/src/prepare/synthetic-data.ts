import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { environments } from '@payer/smart';
import { datasetVersion, hasDataSet, writeFiles, type Environment } from '@payer/synthetic';
import { Pool } from 'pg';
import type { Preparation } from './preparation.js';

/** Environments that start with generated data. The others start empty. */
const filled = environments.filter(hasDataSet);

/** Loaded versions of the data sets, by environment. */
function loadedVersions(noteFile: string): Partial<Record<Environment, string>> {
  return existsSync(noteFile) ? (JSON.parse(readFileSync(noteFile, 'utf8')) as never) : {};
}

/** Whether an environment lacks the current version of its data set. */
export function lacksData(noteFile: string): boolean {
  const versions = loadedVersions(noteFile);
  return filled.some((environment) => versions[environment] !== datasetVersion(environment));
}

/** Loads synthetic data and members into the environments, once per version of the data set. */
export async function loadSyntheticData(
  preparation: Preparation,
  say: (line: string) => void,
): Promise<void> {
  const versions = loadedVersions(preparation.noteFile);
  for (const environment of filled) {
    const version = datasetVersion(environment);
    if (versions[environment] === version) continue;
    say(`loading synthetic data of ${environment} …`);
    const { file, membersFile } = await writeFiles({ environment }, preparation.directory);
    await loadResources(preparation, environment, file);
    await importMembers(preparation, environment, membersFile);
    versions[environment] = version;
    writeFileSync(preparation.noteFile, JSON.stringify(versions));
  }
}

async function loadResources(
  { root, variables }: Preparation,
  environment: Environment,
  file: string,
): Promise<void> {
  const { load } = (await import(join(root, 'libs/fhir-store/dist/load/index.js'))) as {
    load(options: {
      pool: Pool;
      baseUrl: string;
      files: readonly string[];
      onRejected(place: string, reason: string): void;
    }): Promise<{ rejected: number }>;
  };
  const prefix = environment.toUpperCase();
  const connectionString = variables['fhir-api'][`${prefix}_MIGRATION_DATABASE_URL`];
  const baseUrl = variables['fhir-api'][`${prefix}_FHIR_BASE_URL`]!;
  const pool = new Pool({ connectionString, max: 1 });
  // The next statement on the broken connection reports the error.
  pool.on('error', () => undefined);
  const rejected: string[] = [];
  try {
    await load({
      pool,
      baseUrl,
      files: [file],
      onRejected: (place, reason) => rejected.push(`${place}: ${reason}`),
    });
  } finally {
    await pool.end();
  }
  if (rejected.length > 0)
    throw new Error(`synthetic data of ${environment} was rejected:\n${rejected.slice(0, 5).join('\n')}`);
}

async function importMembers(
  { root, variables }: Preparation,
  environment: Environment,
  file: string,
): Promise<void> {
  const members = (await import(join(root, 'apps/auth-server/dist/members/import.js'))) as {
    importMembers(databaseUrl: string, environment: Environment, file: string): Promise<number>;
  };
  await members.importMembers(variables['auth-server'].DATABASE_URL!, environment, file);
}

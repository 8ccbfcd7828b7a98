import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { environments } from '@payer/smart';
import { runStep } from './processes.js';

/**
 * Fills both environments with synthetic data and members, once per version of the data set. What is there is noted beside the
 * database's own directory, so that a removed database is filled again.
 */
export async function loadSyntheticData(options: {
  root: string;
  /** Where generated files go. */
  directory: string;
  noteFile: string;
  variables: Record<string, string>;
  say(line: string): void;
}): Promise<void> {
  const { datasetVersion } = (await import('@payer/synthetic')) as {
    datasetVersion(environment: string): string;
  };
  const note: Record<string, string> = existsSync(options.noteFile)
    ? (JSON.parse(readFileSync(options.noteFile, 'utf8')) as Record<string, string>)
    : {};
  for (const environment of environments) {
    const version = datasetVersion(environment);
    if (note[environment] === version) continue;
    options.say(`loading synthetic data of ${environment} …`);
    mkdirSync(options.directory, { recursive: true });
    const { root, variables } = options;
    const step = (name: string, entry: string, args: string[]) =>
      runStep({ name, entry: join(root, entry), args, variables });
    await step('synthetic', 'tools/synthetic/dist/main.js', [
      '--environment',
      environment,
      '--out',
      options.directory,
    ]);
    await step('load', 'apps/fhir-api/dist/load/main.js', [
      '--environment',
      environment,
      join(options.directory, `${environment}.ndjson`),
    ]);
    await step('members', 'apps/auth-server/dist/members/import.js', [
      '--environment',
      environment,
      join(options.directory, `${environment}.members.ndjson`),
    ]);
    note[environment] = version;
    writeFileSync(options.noteFile, JSON.stringify(note));
  }
}

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Pool } from 'pg';
import { load } from '@payer/fhir-store/load';
import type { Config } from '../../config.js';
import { databaseUrl } from '../../databases.js';
import { bases } from './system.js';

/** Two members, `one` and `two`, each with a weight, and a practitioner of the directory. */
function resources(): object[] {
  const member = (name: string) => [
    { resourceType: 'Patient', id: name, name: [{ family: `Family of ${name}` }], birthDate: '1980-01-01' },
    {
      resourceType: 'Observation',
      id: `${name}-weight`,
      status: 'final',
      code: { coding: [{ system: 'http://loinc.org', code: '29463-7' }] },
      subject: { reference: `Patient/${name}` },
      effectiveDateTime: '2026-01-01',
    },
  ];
  return [
    ...member('one'),
    ...member('two'),
    { resourceType: 'Practitioner', id: 'doctor', name: [{ family: 'Doctor' }] },
  ];
}

/** Loads the members into the sandbox. */
export const loadMembers = (config: Config) => loadResources(config, resources());

/** Loads resources and Bundles into the sandbox. @param keepsVersions whether replaced versions are kept */
export async function loadResources(
  config: Config,
  resources: readonly object[],
  keepsVersions = false,
): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'members-'));
  const pool = new Pool({ connectionString: databaseUrl(config, 'sandbox'), max: 1 });
  try {
    const file = join(directory, 'members.ndjson');
    writeFileSync(file, resources.map((resource) => JSON.stringify(resource)).join('\n'));
    const rejected: string[] = [];
    await load({
      pool,
      baseUrl: bases.sandbox,
      files: [file],
      keepsVersions,
      // Tests of requests have resources of few elements, which need not be whole.
      structure: 'count',
      onRejected: (place, reason) => rejected.push(`${place}: ${reason}`),
    });
    if (rejected.length > 0) throw new Error(rejected.join('\n'));
  } finally {
    await pool.end();
    rmSync(directory, { recursive: true });
  }
}

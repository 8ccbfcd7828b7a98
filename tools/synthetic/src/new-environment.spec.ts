import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Environment } from '@payer/smart';
import { environmentRules } from '@payer/smart/tables';
import { afterAll, expect, it } from 'vitest';
import { datasetVersion, hasDataSet, writeFiles } from './index.js';

/* A new environment is a row of the table. Synthetic records are generated for it on a local system. */

const preview = 'preview' as Environment;
const folder = mkdtempSync(join(tmpdir(), 'new-environment-'));
afterAll(() => rmSync(folder, { recursive: true }));

const linesOf = (file: string) =>
  readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

it('a new environment with synthetic records has a directory, members and sign-ins', async () => {
  expect(hasDataSet(preview)).toBe(true);
  expect(datasetVersion(preview)).toMatch(/^preview-/);
  const written = await writeFiles({ environment: preview }, folder);
  const resources = linesOf(written.file);
  const ids = (type: string) => resources.flatMap((one) => (one.resourceType === type ? [one.id] : []));
  expect(ids('Patient').length).toBeGreaterThan(5);
  expect(ids('PractitionerRole').length).toBeGreaterThan(5);
  const signIns = linesOf(written.membersFile);
  expect(signIns).not.toEqual([]);
  for (const { patient, username } of signIns) {
    expect(ids('Patient')).toContain(patient);
    expect(username).toMatch(/^preview-/);
  }
  // A patient of two environments would make their records look like one person's.
  const sandbox = await writeFiles({ environment: 'sandbox' }, folder);
  const elsewhere = linesOf(sandbox.file).map(({ id }) => id);
  expect(ids('Patient').filter((id) => elsewhere.includes(id))).toEqual([]);
});

it("a new environment with members' records starts empty", () => {
  const row = environmentRules[preview] as { data: string };
  row.data = 'members';
  expect(hasDataSet(preview)).toBe(false);
  row.data = 'synthetic';
});

it('the sandbox and production keep their data sets', () => {
  expect((['sandbox', 'production'] as const).map(hasDataSet)).toEqual([true, true]);
});

import { expect, it } from 'vitest';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { format } from 'prettier';
import { catalogue, membersModule, sandbox } from './catalogue.js';
import type { DescribedSignIn } from './exercises.js';
import { moduleFormat } from './module-format.js';
import { signInsOf } from './sign-ins.js';
import { writeFiles } from './write-files.js';

const data = sandbox();
const described = catalogue(data);

it('docs/sandbox-members.md describes the data: npm run catalogue writes it again', () => {
  const page = readFileSync(new URL('../../../docs/sandbox-members.md', import.meta.url), 'utf8');
  expect(page).toBe(described);
});

it('every special case of the catalogue occurs in some member', () => {
  const [, section = ''] = described.split('## What each exercises');
  const cases = section
    .split('\n## ')[0]!
    .split('\n')
    .filter((line) => line.startsWith('| a') || line.startsWith('| some'));
  expect(cases.length).toBeGreaterThan(12);
  expect(cases.filter((line) => !line.includes('●'))).toEqual([]);
});

it("the portal's list of members describes the data: npm run catalogue writes it again", async () => {
  const file = new URL(
    '../../../apps/registration/src/documentation/documents/sandbox-members.data.ts',
    import.meta.url,
  );
  expect(readFileSync(file, 'utf8')).toBe(await format(membersModule(data), moduleFormat));
});

it('every member of the sandbox can sign in, and a large data set stays quick to import', () => {
  const signIns = signInsOf('sandbox', 12);
  expect(signIns.map(({ username }) => username)).toEqual(
    Array.from({ length: 12 }, (_, n) => `sbx-patientAccessMember-${n + 1}`),
  );
  expect(signIns.map(({ password }) => password).slice(0, 4)).toEqual([
    'hpTest11',
    'hpTest22',
    'hpTest33',
    'hpTest44',
  ]);
  expect(new Set(signIns.map(({ patient }) => patient)).size).toBe(12);
  expect(signInsOf('sandbox', 1_000_000).length).toBeLessThan(100);
  expect(signInsOf('production', 12).length).toBeLessThan(12);
});

it('the members file says of each member which cases the data exercises, and no case of everybody', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'members-'));
  try {
    const { membersFile } = await writeFiles({ environment: 'sandbox' }, directory);
    const members = readFileSync(membersFile, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as DescribedSignIn);
    const memberOf = (name: string) => members.find((member) => member.name.startsWith(name));
    const of = (name: string) => memberOf(name)?.exercises;
    expect(of('Tobias')).toEqual(['no claims']);
    expect(of('Grace')).toContain('a parent of two members');
    expect(of('Grace')).toContain('acts for Ida Ekström as parent');
    expect(of('Harriet')?.[0]).toMatch(/^1,\d{3} claims$/);
    expect(memberOf('Maria')).toMatchObject({ birth_date: '1962-04-17', coverage_status: 'active' });
    expect(memberOf('Layla')).toMatchObject({ deceased_date: '2026-05-20', coverage_status: 'active' });
    expect(memberOf('Walter')).toMatchObject({ coverage_status: 'cancelled', exercises: ['17 claims'] });
    expect(memberOf('Edith')).toMatchObject({ coverage_status: 'active' });
    // A carer has no records, and so neither an age nor a coverage here.
    expect(memberOf('Lucia')).not.toHaveProperty('birth_date');
    expect(memberOf('Lucia')).not.toHaveProperty('coverage_status');
    for (const { exercises } of members) {
      expect(exercises.length).toBeGreaterThan(0);
      expect(exercises).not.toContain('a stay in the hospital');
    }
  } finally {
    rmSync(directory, { recursive: true });
  }
});

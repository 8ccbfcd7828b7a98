import { expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { catalogue } from './catalogue.js';

it('docs/sandbox-members.md says what the data is: npm run catalogue writes it anew', () => {
  const page = readFileSync(new URL('../../../docs/sandbox-members.md', import.meta.url), 'utf8');
  expect(page).toBe(catalogue());
});

it('every special case of the catalogue occurs in some member', () => {
  const [, section = ''] = catalogue().split('## What each exercises');
  const cases = section
    .split('\n## ')[0]!
    .split('\n')
    .filter((line) => line.startsWith('| a') || line.startsWith('| some'));
  expect(cases.length).toBeGreaterThan(12);
  expect(cases.filter((line) => !line.includes('●'))).toEqual([]);
});

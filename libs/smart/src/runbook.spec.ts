import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { allAuditActions } from './audit.js';
import { grantEndReasons } from './events.js';

/* Lists of docs/operations.md that repeat a table of this library. */

const runbook = readFileSync(new URL('../../../docs/operations.md', import.meta.url), 'utf8');

it('the runbook lists every type of audit entry once, and no other', () => {
  const [, after = ''] = runbook.split('`type` is one of\n');
  // Texts in parentheses and behind a colon explain the types before them.
  const list = after.slice(0, after.indexOf('\nEntries cannot be changed')).replace(/\([^)]*\)|:.*/g, '');
  const listed = [...list.matchAll(/`([a-z-]+)`/g)].map(([, type]) => type!);
  expect(listed.sort()).toEqual([...allAuditActions].sort());
});

it('the runbook lists every reason for which grants end once, and no other', () => {
  const [, listed = ''] =
    /^\| `grants_ended_total`.*grants that ended: ([a-z, -]*[a-z])/m.exec(runbook) ?? [];
  expect(listed.split(', ').sort()).toEqual([...grantEndReasons].sort());
});

import { describe, expect, it } from 'vitest';
import type { Database } from '../postgres/database.js';
import { includedRows } from './include.js';
import { Meter } from './meter.js';
import { Pace } from './pace.js';

/** A database that has nothing, and says so at once. */
const empty: Database = { query: () => Promise.resolve({ rows: [] } as never) };
const tokens = Array.from({ length: 20 }, (_, n) => `1|Organization/o${n}`);
const page = Array.from({ length: 1000 }, (_, n) => ({
  type: 'Practitioner',
  id: `p${n}`,
  body: '{}',
  tokens,
}));
const all = { source: '*', definition: undefined, target: undefined, iterate: false };

/** How often other work could begin before some work was done. */
async function turnsOfOthers(work: Promise<unknown>): Promise<number> {
  let isDone = false;
  let turns = 0;
  const done = work.finally(() => (isDone = true));
  const look = () => {
    turns += 1;
    if (!isDone) setImmediate(look);
  };
  setImmediate(look);
  await done;
  return turns;
}

describe('what is included with a page of a thousand resources', () => {
  it.each([
    ['_revinclude=*', [], [all]],
    ['_include=*, many times', Array.from({ length: 50 }, () => ({ ...all, source: 'Practitioner' })), []],
  ])(
    'is looked for in slices, between which other requests go on: %s',
    async (_name, includes, revincludes) => {
      const pace = new Pace(new Meter());
      const work = includedRows(
        empty,
        { types: new Set(['Practitioner', 'PractitionerRole', 'Organization']) },
        page,
        includes,
        revincludes,
        pace,
      );
      expect(await turnsOfOthers(work)).toBeGreaterThan(2);
    },
  );
});

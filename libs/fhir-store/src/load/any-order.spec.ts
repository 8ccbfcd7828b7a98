import { afterAll, beforeAll, expect, it } from 'vitest';
import { lines, patient, weight } from '../testing/small-resources.js';
import { baseUrl, TestStore } from '../testing/store.js';
import { reindex } from './reindex.js';

/*
 * Owners and labels follow references. A load looks for them only where its batches can change them. So
 * resources that come in any order and in several versions must end as their last versions do in one load.
 */

const [piecemeal, atOnce] = [new TestStore(), new TestStore()];
beforeAll(async () => {
  await piecemeal.start();
  await atOnce.start();
}, 60_000);
afterAll(async () => {
  await piecemeal.stop();
  await atOnce.stop();
});

/** Numbers from 0 up to a limit, the same ones for the same seed. */
function numbers(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return (state >>> 8) % limit;
  };
}

interface Resource {
  id: string;
  [element: string]: unknown;
}

const at = (reference: string) => ({ reference });
const security = [{ system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: 'SUD' }];

/** Resources that refer to each other at random: of the same count, some labelled, some without a patient. */
function resourcesOf(next: (limit: number) => number, count: number): Resource[] {
  const some = (type: string) => at(`${type}/${type[0]}${next(count)}`);
  const made: Resource[] = [patient('o0'), patient('o1'), patient('o2')];
  for (let i = 0; i < count; i++) {
    const owner = `o${next(3)}`;
    const meta = next(5) === 0 ? { meta: { security } } : {};
    const ingredient = next(3) === 0 ? { ingredient: [{ itemReference: some('Medication') }] } : {};
    made.push(
      { resourceType: 'Medication', id: `M${i}`, code: { text: 'x' }, ...ingredient, ...meta },
      {
        ...weight(`O${i}`, owner),
        // Without a patient, an Observation belongs to the owners of its focus.
        ...(next(4) === 0 ? { subject: undefined, focus: [some('Observation'), some('Condition')] } : {}),
        ...(next(3) === 0 ? { hasMember: [some('Observation')] } : {}),
        ...(next(5) === 0 ? { meta: { security } } : {}),
      },
      {
        resourceType: 'Condition',
        id: `C${i}`,
        subject: at(`Patient/${owner}`),
        evidence: [{ detail: [some('Observation')] }],
      },
      {
        resourceType: 'Provenance',
        id: `P${i}`,
        target: [some('Observation'), some('Condition'), some('Provenance')].slice(0, 1 + next(3)),
        recorded: '2026-01-01T00:00:00Z',
        agent: [{ who: { display: 'x' } }],
      },
    );
  }
  return made;
}

async function put(store: TestStore, ...resources: object[]): Promise<void> {
  const { reasons } = await store.loadWith(
    { structure: 'count' },
    store.file('any.ndjson', lines(...resources)),
  );
  expect(reasons).toEqual([]);
}

async function followed(store: TestStore): Promise<string[]> {
  const { rows } = await store.pool.query<{ row: string }>(
    `SELECT concat_ws(' ', type, id, patient, followed_labels) AS row FROM member_resource
     UNION ALL SELECT concat_ws(' ', type, id, followed_labels) FROM shared_resource
     UNION ALL SELECT concat_ws(' ', type, id, 'waits') FROM waiting_resource
     UNION ALL SELECT 'pointer ' || r::text FROM member_reference r
     ORDER BY 1`,
  );
  return rows.map(({ row }) => row);
}

it.each([1, 2, 3, 4])('owners and labels do not depend on the order of loads (%i)', async (seed) => {
  for (const store of [piecemeal, atOnce])
    await store.pool.query(
      `TRUNCATE member_resource, shared_resource, waiting_resource, shared_string, shared_reference,
         owner_reference, label_reference, member_reference`,
    );
  const next = numbers(seed);
  const [early, final] = [resourcesOf(next, 12), resourcesOf(next, 12)];
  const given = [...early.filter(() => next(3) === 0), ...final];
  const order = new Map(given.map((one) => [one, next(1_000_000) + (final.includes(one) ? 500_000 : 0)]));
  given.sort((a, b) => order.get(a)! - order.get(b)!);
  // An early version that comes behind its last one would be the last one.
  const sent = given.filter(
    (one, i) => final.includes(one) || given.findIndex(({ id }) => id === one.id) === i,
  );
  for (let from = 0; from < sent.length;) {
    const size = 1 + next(12);
    await put(piecemeal, ...sent.slice(from, from + size));
    from += size;
  }
  await put(atOnce, ...final);
  const expected = await followed(atOnce);
  expect(expected.filter((row) => row.includes('SUD')).length).toBeGreaterThan(0);
  expect(await followed(piecemeal)).toEqual(expected);
  for (const { pool } of [piecemeal, atOnce]) {
    const { byType } = await reindex({ pool, baseUrl, onRefused: () => undefined });
    expect(byType).toEqual({});
  }
});

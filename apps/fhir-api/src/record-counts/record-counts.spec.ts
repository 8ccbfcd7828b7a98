import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Pool } from 'pg';
import type { CloudEvent, RecordCounts } from '@payer/smart';
import { eventually } from '@payer/testing';
import { databaseUrl } from '../databases.js';
import { loadResources } from '../gateway/testing/members.js';
import { FhirApiSystem } from '../gateway/testing/system.js';
import { RecordCountSweep } from './record-counts.js';

const system = new FhirApiSystem();
let events: Pool;
let store: Pool;
beforeAll(async () => {
  await system.start();
  events = new Pool({ connectionString: system.config.EVENTS_DATABASE_URL, max: 1 });
  store = new Pool({ connectionString: databaseUrl(system.config, 'sandbox'), max: 1 });
});
afterAll(async () => {
  await events?.end();
  await store?.end();
  await system.stop();
});

const patient = (id: string) => ({ resourceType: 'Patient', id, name: [{ family: 'Family' }] });
const condition = (id: string, owner: string, onsetDateTime?: string) => ({
  resourceType: 'Condition',
  id,
  subject: { reference: `Patient/${owner}` },
  ...(onsetDateTime ? { onsetDateTime } : {}),
});

const benefit = (id: string, owner: string, use: 'claim' | 'preauthorization') => ({
  resourceType: 'ExplanationOfBenefit',
  id,
  use,
  patient: { reference: `Patient/${owner}` },
});

/** All published counts, the newest last. */
async function published(): Promise<RecordCounts[]> {
  const { rows } = await events.query<{ event: CloudEvent<'records-counted'> }>(
    "SELECT event FROM event_log WHERE topic = 'records-counted' ORDER BY position",
  );
  return rows.map(({ event }) => event.data);
}
const newestOf = async (id: string) =>
  (await published()).flatMap(({ members }) => members).findLast((member) => member.patient === id)?.counts;
/** Sweeps once over all members. */
async function sweep(): Promise<void> {
  const sweep = new RecordCountSweep(store, 'sandbox');
  while (await sweep.next());
}

describe('the numbers of members’ records', () => {
  it('are published after a load, a change and a deletion, with the earliest date', async () => {
    await loadResources(system.config, [
      patient('one'),
      condition('c1', 'one', '2025-03-04'),
      condition('c2', 'one', '2024-05-06'),
      condition('c3', 'one'),
      patient('two'),
    ]);
    await sweep();
    await eventually(async () => (await newestOf('one')) !== undefined);
    expect(await newestOf('one')).toEqual([{ type: 'Condition', count: 3, since: '2024-05-06' }]);
    expect(await newestOf('two')).toEqual([]);
    await loadResources(system.config, [condition('c4', 'one', '2020-01-01')]);
    await sweep();
    await eventually(async () => (await newestOf('one'))?.[0]?.count === 4);
    expect(await newestOf('one')).toEqual([{ type: 'Condition', count: 4, since: '2020-01-01' }]);
    await store.query("DELETE FROM member_resource WHERE patient = 'one'");
    await sweep();
    await eventually(async () => (await newestOf('one'))?.length === 0);
  });

  it('leave out records with a sensitive label, also when the label comes later', async () => {
    const label = (code: string) => ({
      meta: { security: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code }] },
    });
    const plain = condition('s1', 'sensitive', '2024-01-01');
    await loadResources(system.config, [
      patient('sensitive'),
      plain,
      { ...condition('s2', 'sensitive', '2001-01-01'), ...label('HIV') },
      { ...condition('s3', 'sensitive', '2025-01-01'), ...label('NOBODYKNOWS') },
    ]);
    await sweep();
    await eventually(async () => (await newestOf('sensitive')) !== undefined);
    expect(await newestOf('sensitive')).toEqual([{ type: 'Condition', count: 2, since: '2024-01-01' }]);
    await loadResources(system.config, [{ ...plain, ...label('PSY') }]);
    await sweep();
    await eventually(async () => (await newestOf('sensitive'))?.[0]?.count === 1);
    expect(await newestOf('sensitive')).toEqual([{ type: 'Condition', count: 1, since: '2025-01-01' }]);
  });

  it('count claims without prior authorizations', async () => {
    await loadResources(system.config, [
      patient('three'),
      benefit('claim', 'three', 'claim'),
      benefit('authorization', 'three', 'preauthorization'),
    ]);
    await sweep();
    await eventually(async () => (await newestOf('three')) !== undefined);
    expect(await newestOf('three')).toEqual([{ type: 'ExplanationOfBenefit', count: 1, since: null }]);
  });

  it('are not published again while nothing changes, and again in the next month', async () => {
    const before = (await published()).length;
    // A row that was written or locked has another xmin or xmax.
    const rows = async () =>
      (await store.query('SELECT patient, xmin::text, xmax::text FROM record_count ORDER BY patient')).rows;
    await sweep();
    const stored = await rows();
    await sweep();
    expect(await rows()).toEqual(stored);
    expect(await published()).toHaveLength(before);
    await store.query(
      "UPDATE record_count SET fingerprint = replace(fingerprint, to_char(now(), 'YYYY-MM'), '2020-01')",
    );
    await sweep();
    await eventually(async () => (await published()).length > before);
  });

  it('reach every member of many, in batches of at most a hundred', async () => {
    const ids = Array.from({ length: 450 }, (_, n) => `many-${String(n).padStart(3, '0')}`);
    await loadResources(system.config, ids.map(patient));
    await sweep();
    await eventually(async () => (await newestOf('many-449')) !== undefined, { timeout: 20_000 });
    const batches = await published();
    expect(new Set(batches.flatMap(({ members }) => members.map((member) => member.patient)))).toEqual(
      new Set([...ids, 'one', 'two', 'three', 'sensitive']),
    );
    expect(Math.max(...batches.map(({ members }) => members.length))).toBe(100);
    // An event carries numbers, and nothing of a record.
    expect(JSON.stringify(batches)).not.toContain('Family');
  });
});

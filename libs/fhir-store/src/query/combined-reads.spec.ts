import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import pg, { type QueryConfig } from 'pg';
import { eventually } from '@payer/testing';
import type { Access } from '../access.js';
import type { Database } from '../postgres/database.js';
import { PipelinedReads, plannedOnce } from '../postgres/pipelined-connection.js';
import { openRepository, type Repository } from '../repository.js';
import { baseUrl, directory, member, TestStore } from '../testing/store.js';
import { CombinedReads } from './combined-reads.js';

const store = new TestStore();
const system = 'http://terminology.hl7.org/CodeSystem/v3-ActCode';
const patients = ['ann', 'ben', 'cat'];
const numbers = [1, 2, 3, 4, 5, 6];
let connections: PipelinedReads;
let engine: Repository;
/** The statements that were sent. */
let sent: QueryConfig[] = [];

const open = (reads: Database, maxCombinedReads?: number) =>
  openRepository({
    pool: store.pool,
    reads,
    maxCombinedReads,
    environment: 'sandbox',
    baseUrl,
    cursorKey: 'test',
  });

beforeAll(async () => {
  await store.start();
  await store.put([
    ...patients.map((id) => ({ resourceType: 'Patient', id })),
    ...patients.flatMap((patient) =>
      numbers.map((n) => ({
        resourceType: 'Observation',
        id: `${patient}-${n}`,
        subject: { reference: `Patient/${patient}` },
        ...(n === 1 ? { meta: { security: [{ system, code: 'PSY' }] } } : {}),
      })),
    ),
    ...numbers.map((n) => ({ resourceType: 'Practitioner', id: `doctor-${n}` })),
  ]);
  connections = new PipelinedReads(store.url, plannedOnce);
  engine = open({
    query: (statement) => {
      sent.push(statement);
      return connections.query(statement);
    },
  });
});
afterAll(async () => {
  await connections?.end();
  await store.stop();
});
beforeEach(() => {
  sent = [];
});

const idOf = async (read: ReturnType<Repository['read']>) => {
  const found = await read;
  return found && (JSON.parse(String(found.json)) as { id: string }).id;
};
const observation = (id: string, patient: string, withheld?: string[]) =>
  idOf(engine.read({ type: 'Observation', id, access: { ...member(patient), withheld } as Access }));
const practitioner = (id: string) => idOf(engine.read({ type: 'Practitioner', id, access: directory }));
const namesSent = () => sent.map(({ name }) => name);

describe('reads of one turn of the event loop', () => {
  it('share statements of a bounded size, and each has its own answer', async () => {
    const ids = numbers.flatMap((n) => patients.map((patient) => [`${patient}-${n}`, patient] as const));
    const found = await Promise.all([...ids, ...ids].map(([id, patient]) => observation(id, patient)));
    expect(found).toEqual([...ids, ...ids].map(([id]) => id));
    expect(namesSent()).toEqual(Array(3).fill('read-member-combined'));
    expect(sent.map(({ values }) => (values![1] as string[]).length)).toEqual([16, 16, 4]);
  });

  it('reach the rows of their own patient, and no row of the other patients beside them', async () => {
    const asked = patients.flatMap((reader) => patients.map((of) => [reader, of] as const));
    const found = await Promise.all(asked.map(([reader, of]) => observation(`${of}-2`, reader)));
    expect(found).toEqual(asked.map(([reader, of]) => (reader === of ? `${of}-2` : undefined)));
    expect(namesSent()).toEqual(['read-member-combined']);
  });

  it('are answered once each for the same resource, and with nothing for an unknown one', async () => {
    const ids = ['ann-2', 'ann-2', 'none', 'ann-2', 'ann-3'];
    expect(await Promise.all(ids.map((id) => observation(id, 'ann')))).toEqual([
      'ann-2',
      'ann-2',
      undefined,
      'ann-2',
      'ann-3',
    ]);
    expect(namesSent()).toEqual(['read-member-combined']);
  });

  it('give type, version and time as a read alone does', async () => {
    const access = member('ann');
    const read = (id: string, type = 'Observation') => engine.read({ type, id, access });
    const alone = await read('ann-2');
    const [patient, ...together] = await Promise.all([
      read('ann', 'Patient'),
      ...['ann-2', 'ann-3'].map((id) => read(id)),
    ]);
    expect(namesSent()).toEqual(['read-member', 'read-member-combined']);
    expect(alone).toMatchObject({ versionId: '1', lastUpdated: expect.any(Date) as Date });
    expect(together[0]).toEqual(alone);
    expect(JSON.parse(String(patient!.json))).toMatchObject({ resourceType: 'Patient', id: 'ann' });
  });

  it('withhold the labels of their own access', async () => {
    const psychiatry = [`${system}|PSY`];
    const found = await Promise.all([
      ...patients.map((patient) => observation(`${patient}-1`, patient, psychiatry)),
      ...patients.map((patient) => observation(`${patient}-1`, patient, [`${system}|HIV`])),
      ...patients.map((patient) => observation(`${patient}-2`, patient, psychiatry)),
    ]);
    const [withheld, other] = [patients.map(() => undefined), patients.map((patient) => `${patient}-1`)];
    expect(found).toEqual([...withheld, ...other, ...patients.map((patient) => `${patient}-2`)]);
    expect(namesSent()).toEqual(Array(2).fill('read-member-combined'));
  });

  it('read the directory together, and patients apart from it', async () => {
    const found = await Promise.all([
      ...numbers.map((n) => practitioner(`doctor-${n}`)),
      practitioner('ann-2'),
      ...numbers.slice(0, 2).map((n) => observation(`ann-${n}`, 'ann')),
    ]);
    expect(found).toEqual([...numbers.map((n) => `doctor-${n}`), undefined, 'ann-1', 'ann-2']);
    expect(namesSent()).toEqual(['read-shared-combined', 'read-member', 'read-member']);
  });

  it('leave at the end of their turn, and wait for no read of another turn', async () => {
    const turn = () => new Promise((resolve) => setImmediate(resolve));
    let asked = 0;
    const never = open({ query: () => new Promise(() => (asked += 1)) });
    for (const expected of [1, 2, 3]) {
      for (const id of ['a', 'b', 'c']) void never.read({ type: 'Observation', id, access: member('ann') });
      await turn();
      expect(asked).toBe(expected);
    }
  });

  it('have their own statements where combining is off', async () => {
    let asked = 0;
    const count: Database = {
      query: (statement) => {
        asked += 1;
        return connections.query(statement);
      },
    };
    const apart = open(count, 1);
    const reads = numbers.map((n) =>
      idOf(apart.read({ type: 'Observation', id: `ann-${n}`, access: member('ann') })),
    );
    expect(asked).toBe(numbers.length);
    expect(await Promise.all(reads)).toEqual(numbers.map((n) => `ann-${n}`));
  });
});

describe('a statement of many reads', () => {
  it('looks up each key by the index, one after the other', async () => {
    await Promise.all([
      ...numbers.map((n) => observation(`ann-${n}`, 'ann')),
      ...numbers.map((n) => practitioner(`doctor-${n}`)),
    ]);
    expect(sent).toHaveLength(2);
    for (const { text } of sent) {
      const { rows } = await store.pool.query(`EXPLAIN (GENERIC_PLAN) ${text}`);
      const plan = (rows as { 'QUERY PLAN': string }[]).map((row) => row['QUERY PLAN']).join('\n');
      expect(plan).toContain('Nested Loop');
      expect(plan).toContain('Index Scan');
      expect(plan).not.toMatch(/Seq Scan|Bitmap|Hash|Merge/);
    }
  });

  it('fails for the read alone whose id PostgreSQL cannot store', async () => {
    const ids = ['ann-1', 'nul\0', 'ann-2', 'surrogate\ud800', 'quote"\\,{}', 'NULL', ''];
    const answers = await Promise.allSettled(ids.map((id) => observation(id, 'ann')));
    expect(answers[1]).toMatchObject({ status: 'rejected', reason: { code: '22021' } });
    answers.splice(1, 1);
    expect(answers.map((answer) => answer.status === 'fulfilled' && (answer.value ?? 'none'))).toEqual([
      'ann-1',
      'ann-2',
      'none',
      'none',
      'none',
      'none',
    ]);
  });

  it('fails for all its reads when it takes too long or has no connection, and is not repeated', async () => {
    const locking = await store.pool.connect();
    const readers = "application_name = 'fhir-api-reads' AND wait_event_type = 'Lock'";
    const end = async (how: 'cancel' | 'terminate') => {
      await locking.query('BEGIN; LOCK TABLE member_resource IN ACCESS EXCLUSIVE MODE');
      sent = [];
      const answers = Promise.allSettled(numbers.map((n) => observation(`ann-${n}`, 'ann')));
      const waits = await eventually(async () => {
        const { rows } = await store.pool.query(
          `SELECT pg_${how}_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND ${readers}`,
        );
        return rows.length > 0;
      });
      expect(waits).toBe(true);
      const ended = await answers;
      await locking.query('ROLLBACK');
      expect(ended.map(({ status }) => status)).toEqual(numbers.map(() => 'rejected'));
      expect(namesSent()).toEqual(['read-member-combined']);
      return ended.map((answer) => (answer as { reason: { code?: string } }).reason.code);
    };
    expect(new Set(await end('cancel'))).toEqual(new Set(['57014']));
    expect(new Set(await end('terminate'))).toEqual(new Set(['57P01']));
    locking.release();
    expect(await Promise.all(numbers.map((n) => observation(`ann-${n}`, 'ann')))).toEqual(
      numbers.map((n) => `ann-${n}`),
    );
  });

  it('is repeated for each read alone when a stored row is damaged', async () => {
    const damaged = Object.assign(new pg.DatabaseError('missing chunk', 0, 'error'), { code: 'XX001' });
    const row = { json: '{}', version: 1, last_updated: new Date(0) };
    const names: string[] = [];
    const reads = new CombinedReads(
      {
        query: ({ name, values }) => {
          names.push(name!);
          const isDamaged = [values![1]].flat().includes('damaged');
          return isDamaged ? Promise.reject(damaged) : Promise.resolve({ rows: [row] as never[] });
        },
      },
      { name: 'test', one: '', many: '' },
    );
    const answers = await Promise.allSettled(
      ['a', 'damaged', 'b'].map((id) => reads.read({ type: 'Observation', id, patient: 'ann' }, '{}')),
    );
    expect(answers.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(names).toEqual(['test-combined', 'test', 'test', 'test']);
  });
});

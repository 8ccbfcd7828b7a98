import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Pool } from 'pg';
import { exampleResources } from '../testing/resources.js';
import { lines, patient, weight } from '../testing/small-resources.js';
import { openRepository } from '../repository.js';
import { baseUrl, entries, member, TestStore } from '../testing/store.js';
import { indexChanges } from './index-rules.js';
import { load } from './load.js';
import { reindex } from './reindex.js';

const store = new TestStore();
beforeAll(async () => {
  await store.start();
  await store.load(store.file('examples.ndjson', lines(...(await exampleResources()))));
});
afterAll(() => store.stop());

describe('reindexing', () => {
  const options = { baseUrl, onRefused: () => undefined };
  const tables =
    'shared_resource shared_string shared_reference member_resource member_reference waiting_resource owner_reference'.split(
      ' ',
    );
  const content = async () =>
    Promise.all(
      tables.map(async (table) => {
        const { rows } = await store.pool.query<{ row: string }>(`SELECT t::text AS row FROM ${table} t`);
        return [table, rows.map(({ row }) => row).sort()];
      }),
    );

  it('derives the same index values and owners as a load, and changes nothing else', async () => {
    await store.loadWith(
      { structure: 'count' },
      store.file('again.ndjson', lines(patient('again'), weight('again', 'again'), weight('again', 'again'))),
      store.file('again2.ndjson', lines({ ...patient('again'), birthDate: '2000-01-01' })),
      store.file(
        'containing.ndjson',
        lines({
          ...weight('containing', 'again'),
          performer: [{ reference: '#p' }],
          contained: [{ resourceType: 'Practitioner', id: 'p', name: [{ family: 'a\0\ud800b' }] }],
        }),
      ),
      store.file(
        'nul.ndjson',
        '{"resourceType":"Patient","id":"nul","name":[{"family":"a\\u0000\\ud800b"}]}',
      ),
    );
    const before = await content();
    await store.pool.query(`
      UPDATE shared_resource SET tokens = '{}', keys = '{}', string_param = '{}', string_folded = '{}', latitude = NULL WHERE id > 'h';
      UPDATE member_resource SET refs = '{}', date_low = '{}', number_unit = '{}', contained = NULL WHERE type > 'D' AND id > 'h';
      UPDATE member_resource SET patient = 'stale' WHERE type = 'Observation' AND patient <> 'again' AND id > 'h';
      UPDATE owner_reference SET target_id = target_id || '-stale';
      DELETE FROM shared_string WHERE id < 'h' AND folded > 'm';
      UPDATE shared_reference SET key = key + 1 WHERE id < 'h'`);
    const first = await reindex({ ...options, pool: store.pool });
    expect(first.refused).toBe(0);
    expect(Object.keys(first.byType)).toEqual(
      expect.arrayContaining(['Location', 'Observation', 'Patient', 'Provenance']),
    );
    expect(await content()).toEqual(before);
    expect(await reindex({ ...options, pool: store.pool })).toEqual({ ...first, byType: {} });
  });

  it('knows by which search parameters the resources were indexed, and takes the changed types alone', async () => {
    const changes = async () => {
      const { isKnown, added, redefined, gone, resources } = await indexChanges(store.pool);
      return { isKnown, added, redefined, gone, resources };
    };
    const current = { isKnown: true, added: [], redefined: [], gone: [], resources: {} };
    expect(await changes()).toEqual(current);
    await store.pool.query(`
      DELETE FROM indexed_parameter WHERE type = 'Goal' AND code = 'description';
      UPDATE indexed_parameter SET rule = '[]' WHERE type = 'Basic' AND code = 'formulary';
      INSERT INTO indexed_parameter VALUES ('Goal', 'of-before', '[]');
      UPDATE member_resource SET keys = '{}' WHERE type IN ('Goal', 'Device');
      UPDATE shared_resource SET keys = '{}' WHERE type = 'Basic'`);
    const count = async (table: string, type: string) =>
      (await store.pool.query(`SELECT DISTINCT id FROM ${table} WHERE type = '${type}'`)).rowCount;
    const { typesToReindex: types, ...found } = await indexChanges(store.pool);
    expect(found).toEqual({
      isKnown: true,
      added: ['Goal?description'],
      redefined: ['Basic?formulary'],
      gone: ['Goal?of-before'],
      resources: {
        Basic: await count('shared_resource', 'Basic'),
        Goal: await count('member_resource', 'Goal'),
      },
    });
    const before = await warnings();
    expect(before.filter((text) => text.includes('may lack some of them'))).toEqual(before);
    expect(before.map((text) => text.split(' ')[0])).toEqual(['Goal?description', 'Goal?description']);
    const report = await reindex({ ...options, pool: store.pool, types });
    expect(report.byType).toEqual(found.resources);
    expect(await warnings()).toEqual([]);
    expect(report.read).toBe(report.byType.Basic! + report.byType.Goal!);
    expect(await changes()).toEqual(current);
    // All resources of a type that had none are indexed by the rules of the loader.
    await store.pool.query(`
      DELETE FROM shared_resource WHERE type = 'Basic';
      DELETE FROM indexed_parameter WHERE type IN ('Basic', 'Goal')`);
    await store.load(store.file('nothing.ndjson', ''));
    expect((await indexChanges(store.pool)).typesToReindex).toEqual(['Goal']);
    // A database from before this table says nothing, so everything counts.
    await store.pool.query('DELETE FROM indexed_parameter');
    const unknown = await indexChanges(store.pool);
    expect(unknown).toMatchObject({ isKnown: false, resources: { Goal: found.resources.Goal } });
    expect(Object.keys(unknown.resources)).toContain('Encounter');
    expect(await warnings()).toEqual([]);
    await store.load(store.file('nothing.ndjson', ''));
    expect(await indexChanges(store.pool)).toEqual(unknown);
  });

  /** The warnings of searches in a process that starts now; each is one entry of its Bundle. */
  async function warnings(): Promise<string[]> {
    const engine = openRepository({ pool: store.pool, environment: 'sandbox', baseUrl, cursorKey: 'test' });
    const texts: string[] = [];
    for (const [type, name] of [
      ['Goal', 'description'],
      ['Patient', '_has:Goal:patient:description'],
      ['Goal', 'patient'],
      ['Goal', '_count'],
    ] as const) {
      const request = { type, params: [[name, '1']] as [string, string][], access: member('x') };
      const { json } = await engine.search({ ...request, handling: 'strict' });
      const outcomes = entries(JSON.parse(String(json)), 'outcome');
      expect(outcomes.length).toBeLessThan(2);
      for (const { resource } of outcomes)
        for (const { severity, code, diagnostics } of resource.issue) {
          expect([severity, code]).toEqual(['warning', 'incomplete']);
          texts.push(diagnostics);
        }
    }
    return texts;
  }

  it('runs beside a loader, and goes on after it was cut off', async () => {
    await store.pool.query(`UPDATE member_resource SET tokens = '{}', keys = '{}'`);
    const pool = new Pool({ ...store.pool.options, max: 1 });
    pool.on('error', () => undefined);
    const cut = reindex({
      ...options,
      pool,
      onProgress: ({ read }) => {
        if (read >= 1000) throw new Error('cut off');
      },
    });
    await expect(cut).rejects.toThrow('cut off');
    const ids = Array.from({ length: 3000 }, (_, i) => `beside-${i}`);
    const file = store.file('beside.ndjson', lines(...ids.map((id) => patient(id))));
    const [report, loaded] = await Promise.all([
      reindex({ ...options, pool }),
      load({ baseUrl, pool: store.pool, files: [file], onRejected: () => undefined }),
    ]);
    await pool.end();
    expect(loaded.created).toBe(3000);
    expect(report.byType.Patient).toBeGreaterThan(0);
    const { rows } = await store.pool.query("SELECT id FROM member_resource WHERE tokens = '{}'");
    expect(rows).toEqual([]);
  });

  it('leaves what could not be stored today as it is, and says so', async () => {
    await store.pool.query(
      'UPDATE member_resource SET body = replace(body, \'"id"\', \'"id":"x","id"\'), tokens = \'{}\' WHERE id = \'nul\'',
    );
    const refused: string[] = [];
    const report = await reindex({
      ...options,
      pool: store.pool,
      onRefused: (resource, reason) => refused.push(`${resource}: ${reason}`),
    });
    expect(report.refused).toBe(1);
    expect(refused).toEqual([expect.stringMatching(/^Patient\/nul: .*a member is there twice/)]);
  });
});

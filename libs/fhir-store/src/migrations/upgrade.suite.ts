import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Access } from '../access.js';
import { definitions, isCompartmentType, typeDefinition } from '../definitions/definitions.js';
import { reindex } from '../load/reindex.js';
import { asksFor, type Resource } from '../testing/independent.js';
import { valuesIn } from '../testing/resources.js';
import { isInSample, isWhole } from '../testing/sample.js';
import { baseUrl, directory, member, TestStore } from '../testing/store.js';
import { createSchema, storeMigrations } from './index.js';

/** The tables that searches read, without the release of the loader. */
const tables = [
  'member_resource',
  'member_reference',
  'shared_resource',
  'shared_string',
  'shared_reference',
];

async function contentOf(store: TestStore, table: string): Promise<string[]> {
  const { rows } = await store.pool.query<{ row: string }>(
    `SELECT (to_jsonb(t) - 'loader_release')::text AS row FROM ${table} t`,
  );
  return rows.map(({ row }) => row).sort();
}

/**
 * A database that was made by the oldest migration, holds data, and is upgraded, against a fresh one with the
 * same data: both answer every parameter alike. A developer's machine asks a sample of the parameters.
 * @param fresh holds resources of every type, and nothing changes it
 */
export function upgradeCases(fresh: TestStore): void {
  describe('a store that was upgraded', () => {
    const upgraded = new TestStore();

    /** Copies a table's rows, as far as the older table has their columns. */
    async function copy(table: string): Promise<void> {
      const { rows } = await fresh.pool.query<{ row: string }>(
        `SELECT to_jsonb(t)::text AS row FROM ${table} t`,
      );
      for (let at = 0; at < rows.length; at += 500)
        await upgraded.pool.query(
          `INSERT INTO ${table} SELECT * FROM jsonb_populate_recordset(NULL::${table}, $1)`,
          [
            `[${rows
              .slice(at, at + 500)
              .map(({ row }) => row)
              .join()}]`,
          ],
        );
    }

    /** The resources of each type with an access that reaches each. */
    const byType = new Map<string, { resource: Resource; access: Access }[]>();

    beforeAll(async () => {
      await upgraded.start({ migrations: storeMigrations.slice(0, 1) });
      for (const table of ['member_resource', 'member_reference', 'shared_resource']) await copy(table);
      await createSchema(upgraded.url);
      const { rows } = await fresh.pool.query<{ patient: string | null; body: string }>(
        'SELECT patient, body FROM member_resource UNION ALL SELECT NULL, body FROM shared_resource',
      );
      for (const { patient, body } of rows) {
        const resource = JSON.parse(body) as Resource;
        const known = byType.get(resource.resourceType) ?? [];
        const access = patient === null ? directory : member(patient);
        byType.set(resource.resourceType, [...known, { resource, access }]);
      }
    }, 120_000);
    afterAll(() => upgraded.stop());

    it('the rows for searches by name and by chain exist before a resource is indexed again', async () => {
      for (const table of ['shared_string', 'shared_reference']) {
        const content = await contentOf(upgraded, table);
        expect(content.length).toBeGreaterThan(500);
        expect(content).toEqual(await contentOf(fresh, table));
      }
    });

    it('reindexing makes every row as a fresh load makes it', async () => {
      const { refused } = await reindex({ pool: upgraded.pool, baseUrl, onRefused: () => undefined });
      expect(refused).toBe(0);
      for (const table of tables)
        expect(await contentOf(upgraded, table)).toEqual(await contentOf(fresh, table));
    });

    describe.each(Object.keys(definitions.types))('%s', (type) => {
      it('is found alike by each of its parameters', async () => {
        const found = byType.get(type) ?? [];
        expect(found.length).toBeGreaterThan(0);
        let asked = 0;
        for (const definition of Object.values(typeDefinition(type).parameters)) {
          if (!isInSample(`${type}?${definition.code}`)) continue;
          const withValue = found.find(({ resource }) => valuesIn(definition, resource).length > 0);
          if (!withValue) continue;
          const { access } = withValue;
          for (const { modifier, asked: value } of asksFor(
            definition.type,
            valuesIn(definition, withValue.resource)[0],
            baseUrl,
          )) {
            const query = `${type}?${definition.code}${modifier}=${encodeURIComponent(value)}&_count=1000`;
            const [one, other] = await Promise.all([fresh.ids(query, access), upgraded.ids(query, access)]);
            expect({ query, ids: other }).toEqual({ query, ids: one });
            asked += 1;
          }
        }
        if (isWhole) expect(asked).toBeGreaterThan(isCompartmentType(type) ? 8 : 4);
      });
    });
  });
}

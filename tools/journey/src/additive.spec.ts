import { describe, expect, it } from 'vitest';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { repositoryRoot } from '@payer/local';
import { notAdditive } from './additive.js';

interface Migration {
  up(runner: { query(sql: string): Promise<unknown[]> }): Promise<void>;
}

function migrationFiles(directory: string): string[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .filter((file) => /(^|[./])migrations?\.js$/.test(file))
    .map((file) => join(directory, file));
}

/** Migrations that deliberately break part of the previous version, each with its decision. */
const deliberate: Record<string, RegExp> = {
  // Decision 29: a loader that relies on triggers is refused. The serving processes only read, so they
  // continue.
  StoreDerivedRows1764000000400: /ADD CONSTRAINT$/,
  // Decision 106: a loader that does not list codes is refused. The serving processes do not read the column.
  ListSharedCodes1764000000730: /RENAME$/,
  // Decision 98: the primary key has the same columns in another order, and refuses the same rows.
  IndexArtifacts1764912000000: /oidc_artifact_(id|pkey)\b/,
};

describe('migrations run while the version before still serves', () => {
  it.each([
    ['DROP TABLE audit', /drops a table/],
    ['ALTER TABLE audit DROP COLUMN detail', /drops a column/],
    ['ALTER TABLE audit RENAME COLUMN detail TO details', /renames/],
    ['ALTER TABLE audit ALTER COLUMN at TYPE date', /changes the type/],
    ['ALTER TABLE audit ALTER COLUMN at SET NOT NULL', /refuses rows/],
    ['ALTER TABLE audit ADD COLUMN who text NOT NULL', /does not fill/],
    ['ALTER TABLE audit ADD CONSTRAINT one CHECK (id > 0)', /constraint/],
    ['CREATE UNIQUE INDEX audit_one ON audit (grant_id)', /constraint/],
    ['TRUNCATE audit', /empties/],
  ])('"%s" is not additive', (statement, why) => {
    expect(notAdditive([statement])).toEqual([expect.stringMatching(why)]);
  });

  it.each([
    ['CREATE TABLE audit (id bigint NOT NULL); CREATE UNIQUE INDEX audit_one ON audit (id)'],
    ['ALTER TABLE audit ADD COLUMN who text'],
    ["ALTER TABLE audit ADD COLUMN who text NOT NULL DEFAULT 'nobody'"],
    ['CREATE INDEX audit_who ON audit (who)'],
    ['DROP INDEX audit_who'],
  ])('"%s" is additive', (statement) => {
    expect(notAdditive([statement])).toEqual([]);
  });

  it('every migration of every service and library is additive', async () => {
    const files = ['apps', 'libs'].flatMap((kind) =>
      readdirSync(join(repositoryRoot, kind)).flatMap((name) =>
        migrationFiles(join(repositoryRoot, kind, name, 'dist')),
      ),
    );
    const found: Record<string, string[]> = {};
    for (const file of files) {
      const exported = (await import(pathToFileURL(file).href)) as Record<string, unknown>;
      for (const [name, value] of Object.entries(exported)) {
        if (typeof value !== 'function' || typeof (value.prototype as Partial<Migration>)?.up !== 'function')
          continue;
        const statements: string[] = [];
        await new (value as new () => Migration)().up({
          query: (sql) => {
            statements.push(sql);
            return Promise.resolve([]);
          },
        });
        const exception = deliberate[name];
        found[name] = notAdditive(statements).filter((problem) => !exception?.test(problem));
      }
    }
    expect(Object.keys(found).length).toBeGreaterThan(9);
    expect(Object.fromEntries(Object.entries(found).filter(([, problems]) => problems.length > 0))).toEqual(
      {},
    );
  });
});

import type { Pool, PoolClient } from 'pg';
import {
  changesBetween,
  indexRules,
  type DefinitionChanges,
  type IndexRules,
} from '../definitions/changes.js';
import { definitions } from '../definitions/definitions.js';

type Connection = Pool | PoolClient;

/** The rules by which the stored resources were indexed; undefined when the database does not say. */
async function recordedRules(connection: Connection): Promise<IndexRules | undefined> {
  const { rows } = await connection.query<{ type: string; code: string; rule: string }>(
    'SELECT type, code, rule FROM indexed_parameter',
  );
  if (rows.length === 0) return undefined;
  const rules: IndexRules = {};
  for (const { type, code, rule } of rows) (rules[type] ??= {})[code] = rule;
  return rules;
}

/** Records that all stored resources are indexed by the definitions of this release. */
export async function recordRules(connection: Connection): Promise<void> {
  const rows = Object.entries(indexRules(definitions)).flatMap(([type, rules]) =>
    Object.entries(rules).map(([code, rule]) => ({ type, code, rule })),
  );
  await connection.query(
    `WITH given AS (SELECT * FROM jsonb_to_recordset($1) AS r(type text, code text, rule text)),
       gone AS (DELETE FROM indexed_parameter p
                WHERE NOT EXISTS (SELECT FROM given g WHERE g.type = p.type AND g.code = p.code))
     INSERT INTO indexed_parameter (type, code, rule) SELECT type, code, rule FROM given
     ON CONFLICT (type, code) DO UPDATE SET rule = excluded.rule WHERE indexed_parameter.rule <> excluded.rule`,
    [JSON.stringify(rows)],
  );
}

/** Records the rules of a store that has no resource yet: all that come are indexed by them. */
export async function recordRulesOfEmptyStore(connection: Connection): Promise<void> {
  const { rows } = await connection.query<{ isEmpty: boolean }>(
    `SELECT NOT EXISTS (SELECT FROM shared_resource) AND NOT EXISTS (SELECT FROM member_resource)
       AND NOT EXISTS (SELECT FROM waiting_resource) AS "isEmpty"`,
  );
  if (rows[0]?.isEmpty) await recordRules(connection);
}

export interface IndexChanges extends DefinitionChanges {
  /** Whether the database says by which definitions its resources were indexed. If not, all types count. */
  isKnown: boolean;
  /** Stored resources of the types that need another indexing. Types without resources are left out. */
  resources: Record<string, number>;
}

/** Compares the definitions of this release with the definitions by which the stored resources were indexed. */
export async function indexChanges(connection: Connection): Promise<IndexChanges> {
  const recorded = await recordedRules(connection);
  const changes = changesBetween(recorded ?? {}, indexRules(definitions));
  const { rows } = await connection.query<{ type: string; count: number }>(
    `SELECT type, sum(count)::int AS count FROM (
       SELECT type, count(*) FROM shared_resource WHERE type = ANY ($1) GROUP BY type
       UNION ALL SELECT type, count(DISTINCT id) FROM member_resource WHERE type = ANY ($1) GROUP BY type
       UNION ALL SELECT type, count(*) FROM waiting_resource WHERE type = ANY ($1) GROUP BY type) AS counts
     GROUP BY type ORDER BY type`,
    [changes.typesToReindex],
  );
  return {
    ...changes,
    isKnown: recorded !== undefined,
    resources: Object.fromEntries(rows.map(({ type, count }) => [type, count])),
  };
}

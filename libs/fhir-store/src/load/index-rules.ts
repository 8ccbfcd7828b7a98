import type { Pool, PoolClient } from 'pg';
import { changesBetween, indexRules, type DefinitionChanges } from '../definitions/changes.js';
import { definitions } from '../definitions/definitions.js';
import { recordedRules } from '../index/recorded-rules.js';

type Connection = Pool | PoolClient;

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

/**
 * Records the rules of types that have no resource yet: all that come are indexed by them. When the database
 * does not say by which rules the others were indexed, that stays so.
 */
export async function recordRulesOfEmptyTypes(connection: Connection): Promise<void> {
  const rules = indexRules(definitions);
  const { rows } = await connection.query<{ type: string }>(
    `SELECT type FROM unnest($1::text[]) AS known (type)
     WHERE NOT EXISTS (SELECT FROM shared_resource s WHERE s.type = known.type)
       AND NOT EXISTS (SELECT FROM member_resource m WHERE m.type = known.type)
       AND NOT EXISTS (SELECT FROM waiting_resource w WHERE w.type = known.type)`,
    [Object.keys(rules)],
  );
  const empty = rows.map(({ type }) => type);
  if (empty.length === Object.keys(rules).length) return recordRules(connection);
  if (empty.length === 0 || !(await recordedRules(connection))) return;
  const given = empty.flatMap((type) =>
    Object.entries(rules[type] ?? {}).map(([code, rule]) => ({ type, code, rule })),
  );
  await connection.query(
    `INSERT INTO indexed_parameter (type, code, rule)
     SELECT * FROM jsonb_to_recordset($1) AS r(type text, code text, rule text)
     ON CONFLICT (type, code) DO UPDATE SET rule = excluded.rule WHERE indexed_parameter.rule <> excluded.rule`,
    [JSON.stringify(given)],
  );
}

export interface IndexChanges extends DefinitionChanges {
  /** Whether the database says by which definitions its resources were indexed. If not, all types count. */
  isKnown: boolean;
  /** Stored resources of the types that need another indexing. Types without resources are left out. */
  resources: Record<string, number>;
}

/**
 * Compares the definitions of this release with the definitions by which the stored resources were indexed.
 */
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

import type { Pool, PoolClient } from 'pg';
import { changesBetween, indexRules, type IndexRules } from '../definitions/changes.js';
import { definitions } from '../definitions/definitions.js';

/**
 * The rules by which the stored resources were indexed. Undefined when the database has no record of them.
 */
export async function recordedRules(connection: Pool | PoolClient): Promise<IndexRules | undefined> {
  const { rows } = await connection.query<{ type: string; code: string; rule: string }>(
    'SELECT type, code, rule FROM indexed_parameter',
  );
  if (rows.length === 0) return undefined;
  const rules: IndexRules = {};
  for (const { type, code, rule } of rows) (rules[type] ??= {})[code] = String(rule);
  return rules;
}

/**
 * The search parameters, as `Type?code`, that a release has added or redefined and by which older resources
 * are not indexed yet. A search by them does not find these resources. Empty when the database has no record
 * of its rules.
 */
export async function unindexedParameters(connection: Pool | PoolClient): Promise<string[]> {
  const recorded = await recordedRules(connection);
  if (!recorded) return [];
  const { added, redefined } = changesBetween(recorded, indexRules(definitions));
  return [...added, ...redefined].sort();
}

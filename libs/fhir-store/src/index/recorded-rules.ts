import type { Pool, PoolClient } from 'pg';
import { changesBetween, indexRules, type IndexRules } from '../definitions/changes.js';
import { definitions } from '../definitions/definitions.js';

/** The rules by which the stored resources were indexed; undefined when the database does not say. */
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
 * The search parameters, as `Type?code`, that a release brought or redefined, and by which the resources of
 * before are not indexed yet: a search by them does not find these resources. None when the database does not
 * say by which rules it was indexed.
 */
export async function unindexedParameters(connection: Pool | PoolClient): Promise<string[]> {
  const recorded = await recordedRules(connection);
  if (!recorded) return [];
  const { added, redefined } = changesBetween(recorded, indexRules(definitions));
  return [...added, ...redefined].sort();
}

import type { PoolClient } from 'pg';
import { conditionKey, type Resolutions } from './conditional-references.js';

/** Conditions that one statement looks up. */
const atOnce = 1000;

/**
 * Finds the shared resources that conditions match, by the index over their keys.
 * @param known earlier resolutions; a condition that matched exactly one resource is not looked up again
 */
export async function resolveConditions(
  client: PoolClient,
  conditions: readonly string[],
  known: Map<string, readonly string[]> = new Map(),
): Promise<Resolutions> {
  const wanted = conditions.flatMap((condition) => {
    const asked = conditionKey(condition);
    return typeof asked === 'string' || known.get(condition)?.length === 1 ? [] : [{ condition, ...asked }];
  });
  for (let at = 0; at < wanted.length; at += atOnce) {
    const part = wanted.slice(at, at + atOnce);
    const { rows } = await client.query<{ condition: string; ids: string[] }>({
      name: 'load-resolve-conditions',
      text: `
        SELECT asked.condition, ARRAY(
          SELECT r.id FROM shared_resource r WHERE r.type = asked.type AND r.keys @> ARRAY[asked.key] LIMIT 2) AS ids
        FROM unnest($1::text[], $2::text[], $3::bigint[]) AS asked (condition, type, key)`,
      values: [
        part.map(({ condition }) => condition),
        part.map(({ type }) => type),
        part.map(({ key }) => key),
      ],
    });
    for (const { condition, ids } of rows) known.set(condition, ids);
  }
  return known;
}

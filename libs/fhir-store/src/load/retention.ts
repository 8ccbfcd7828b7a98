import type { PoolClient } from 'pg';
import type { Text } from '../postgres/database.js';

/** Resources that a snapshot keeps for a time, although its files lack them. */
export interface RetentionRule {
  type: string;
  /** The resources of the type that are meant. */
  where: { element: string; value: string };
  /** The element with the Periods in which the resource is in force. */
  inForce: string;
  /** Years after the last change. */
  years: number;
}

interface AbsentRow {
  id: string;
  body: Text;
  changed_lately: boolean;
}

const pageSize = 500;

/** PostgreSQL cannot read each JSON text (U+0000), so the rules are applied here. */
const absentRows = `
  SELECT id, body, last_updated > now() - make_interval(years => $3) AS changed_lately
  FROM (SELECT type, id, last_updated, body FROM member_resource WHERE type = $1
        UNION ALL SELECT type, id, last_updated, body FROM waiting_resource WHERE type = $1) r
  WHERE id > $2 AND NOT EXISTS (SELECT FROM snapshot_key k WHERE k.type = r.type AND k.id = r.id)
  ORDER BY id LIMIT ${pageSize}`;

/**
 * Adds the resources that the rules keep to `snapshot_key`, as if the files of the snapshot had them.
 * @returns how many these are
 */
export async function keepByRules(
  client: PoolClient,
  types: readonly string[],
  rules: readonly RetentionRule[],
): Promise<number> {
  let kept = 0;
  for (const rule of rules.filter(({ type }) => types.includes(type))) {
    let after = '';
    for (;;) {
      const { rows } = await client.query<AbsentRow>(absentRows, [rule.type, after, rule.years]);
      const keys = [...new Set(rows.filter((row) => isKept(row, rule)).map(({ id }) => id))];
      await client.query('INSERT INTO snapshot_key SELECT $1, unnest($2::text[])', [rule.type, keys]);
      kept += keys.length;
      if (rows.length < pageSize) break;
      after = rows.at(-1)!.id;
    }
  }
  return kept;
}

function isKept({ body, changed_lately }: AbsentRow, { where, inForce }: RetentionRule): boolean {
  const resource = JSON.parse(String(body)) as Record<string, unknown>;
  if (resource[where.element] !== where.value) return false;
  if (changed_lately) return true;
  const periods = resource[inForce];
  return Array.isArray(periods) && periods.some((one) => !isOver(one as { end?: unknown } | null));
}

/** Whether a Period has ended. A date may name a day, a month or a year, which counts to its end. */
function isOver(period: { end?: unknown } | null): boolean {
  const end = period?.end;
  if (typeof end !== 'string') return false;
  const day = end.slice(0, 10);
  return day < new Date().toISOString().slice(0, day.length);
}

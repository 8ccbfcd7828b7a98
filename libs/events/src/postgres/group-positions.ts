import type { PoolClient } from 'pg';

/** The row of a consumer group in the log's database (docs/decisions/0016-a-position-for-each-topic.md). */
export interface GroupRow {
  /** The common position of the topics handled by the replica that last wrote the row. */
  position: string;
  /** By topic, as decimal text. Empty in a row written by a version that knew only `position`. */
  positions: Record<string, string>;
}

/**
 * The group's position in each topic. A topic that the group has never handled is read from the log's
 * beginning.
 */
export function positionsOf(
  { position, positions }: GroupRow,
  topics: readonly string[],
): Map<string, bigint> {
  const isOld = Object.keys(positions).length === 0;
  return new Map(topics.map((topic) => [topic, BigInt(positions[topic] ?? (isOld ? position : 0))]));
}

/** The position before which the group has applied every event of its topics. */
export const least = (positions: ReadonlyMap<string, bigint>): bigint =>
  [...positions.values()].reduce((a, b) => (a < b ? a : b));

/** Writes the group's positions and commits the transaction that locked its row. */
export async function commitPositions(
  client: PoolClient,
  group: string,
  positions: ReadonlyMap<string, bigint>,
): Promise<void> {
  await Promise.all([
    client.query(
      `UPDATE consumer_group SET position = $2, positions = positions || $3::jsonb, updated_at = now() WHERE name = $1`,
      [
        group,
        String(least(positions)),
        Object.fromEntries([...positions].map(([topic, position]) => [topic, String(position)])),
      ],
    ),
    client.query('COMMIT'),
  ]);
}

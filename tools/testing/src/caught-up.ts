import { eventually } from './wait.js';

/** The part of a PostgreSQL pool that the question needs. */
interface Queryable {
  query(text: string, values: unknown[]): Promise<{ rows: { is_caught_up: boolean }[] }>;
}

/**
 * Waits until a consumer group has applied all events of its topics that the log has now. Its stored position
 * may stay behind the events of other topics.
 */
export async function groupCaughtUp(log: Queryable, group: string, head: bigint): Promise<void> {
  await eventually(async () => {
    const { rows } = await log.query(
      `SELECT positions <> '{}' AND NOT EXISTS (
         SELECT 1 FROM jsonb_each_text(positions) AS p (topic, position)
         JOIN event_log e ON e.topic = p.topic AND e.position > p.position::bigint AND e.position <= $2
       ) AS is_caught_up
       FROM consumer_group WHERE name = $1`,
      [group, String(head)],
    );
    return rows[0]?.is_caught_up === true;
  });
}

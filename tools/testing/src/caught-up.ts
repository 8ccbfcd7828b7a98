import { eventContracts, eventTypes, type ServiceName } from '@payer/smart';
import { eventually } from './wait.js';

/** The part of a PostgreSQL pool that the question needs. */
interface Queryable {
  query(text: string, values: unknown[]): Promise<{ rows: unknown[] }>;
}

/**
 * Waits until a service has applied all events that it acts on, up to a position of the log. Its stored
 * position may stay behind the events of other topics.
 */
export async function groupCaughtUp(log: Queryable, service: ServiceName, head: bigint): Promise<void> {
  const topics = eventTypes.filter((type) => service in eventContracts[type].actedOn);
  await eventually(async () => {
    const { rows } = await log.query(
      `SELECT FROM consumer_group WHERE name = $1 AND NOT EXISTS (
         SELECT FROM event_log
         WHERE topic = ANY($3) AND event_log.position <= $2 AND event_log.position > coalesce((positions->>topic)::bigint, 0)
       )`,
      [service, String(head), topics],
    );
    return rows.length > 0;
  });
}

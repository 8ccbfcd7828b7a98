import { randomUUID } from 'node:crypto';
import { Client } from 'pg';
import { PostgresEventLog } from '@payer/events';
import type { RunningSystem } from '@payer/local';
import type { CloudEvent } from '@payer/smart';
import { eventually } from '@payer/testing';

/** The facts that each service has consumed from events of other services. */
const consumed: Record<string, string> = {
  auth_server: `
    SELECT 'app' AS what, client_id AS id, version::text || state::text AS value FROM app_model
    UNION ALL SELECT 'ended grant', grant_id, '' FROM ended_grant`,
  consent: `
    SELECT 'app' AS what, client_id AS id, version::text || state::text AS value FROM app_model
    UNION ALL SELECT 'grant', grant_id, version || status FROM app_grant
    UNION ALL SELECT 'use', id, u::text FROM grant_use u`,
  registration: `
    SELECT 'total' AS what, id, t::text AS value FROM access_total t
    UNION ALL SELECT 'audit', id::text, a::text FROM audit_entry a`,
};

/** All consumed facts of the services, as one text per fact, in order. */
export async function consumedFacts(system: RunningSystem): Promise<string[]> {
  const facts: string[] = [];
  for (const [database, query] of Object.entries(consumed)) {
    const client = new Client({ connectionString: system.databaseUrl(database) });
    await client.connect();
    const { rows } = await client.query<Record<'what' | 'id' | 'value', string>>(query);
    for (const { what, id, value } of rows) facts.push(`${database} ${what} ${id} ${value}`);
    await client.end();
  }
  return facts.sort();
}

/**
 * Simulates an attacker who can write to the log but has no key. Copies every genuine event to the end of the
 * log, newest first, so that the oldest state of each subject comes last. Waits until every group has read
 * its copies.
 */
export async function repeatOldEvents(system: RunningSystem): Promise<number> {
  const log = new PostgresEventLog(system.databaseUrl('events'), 1);
  try {
    const { rows } = await log.pool.query<{ topic: string; key: string; event: CloudEvent }>(
      'SELECT topic, key, event FROM event_log ORDER BY position DESC',
    );
    for (const { topic, key, event } of rows)
      await log.appendEntries([{ id: randomUUID(), topic, key, event }]);
    await groupsHaveRead(log);
    return rows.length;
  } finally {
    await log.close();
  }
}

/**
 * Waits until each group has read every event of its topics. A group does not store that it has passed a few
 * events of other topics.
 */
async function groupsHaveRead(log: PostgresEventLog): Promise<void> {
  await eventually(
    async () => {
      const { rows } = await log.pool.query<{ is_behind: boolean }>(`
        SELECT positions = '{}' OR EXISTS (
          SELECT FROM jsonb_each_text(positions) AS read (topic, position)
          JOIN event_log e ON e.topic = read.topic AND e.position > read.position::bigint
        ) AS is_behind FROM consumer_group`);
      return rows.length >= 3 && !rows.some(({ is_behind }) => is_behind);
    },
    { timeout: 300_000 },
  );
}

import type { PoolClient } from 'pg';
import { eventContracts, eventTypes, serviceDatabases, serviceNames, type ServiceName } from '@payer/smart';
import { compactFunction } from './log-retention.js';

/**
 * A version of the log's tables. It adds the rights to append to and to read topics, and functions that
 * append and compact with the owner's rights. A role that is no service's serving role (the owner, a
 * superuser) may do everything.
 *
 * Row security hides the topics, groups and dead letters of other services. Every migration fills
 * `event_role` and `event_right` from the event table (`libs/smart/src/events.ts`).
 */
export const rightsVersion = `
  CREATE TABLE event_role (role name PRIMARY KEY, service text NOT NULL);
  CREATE TABLE event_right (
    role name NOT NULL,
    topic text NOT NULL,
    may_write boolean NOT NULL,
    may_read boolean NOT NULL,
    PRIMARY KEY (role, topic)
  );
  CREATE TABLE event_topic (topic text PRIMARY KEY, kept_hours integer);

  CREATE FUNCTION append_events(ids text[], topics text[], keys text[], events jsonb[]) RETURNS void
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
  DECLARE
    head record;
  BEGIN
    IF EXISTS (SELECT FROM event_role WHERE role = session_user) AND EXISTS (
      SELECT FROM unnest(topics, keys, events) AS e (topic, key, event)
      WHERE e.key IS DISTINCT FROM e.event->>'subject' OR NOT EXISTS (
        SELECT FROM event_right r WHERE r.role = session_user AND r.topic = e.topic AND r.may_write)
    ) THEN
      RAISE EXCEPTION '% may not append these events: a foreign topic, or a key that is not the subject', session_user
        USING ERRCODE = 'insufficient_privilege';
    END IF;
    UPDATE event_head
    SET position = position + cardinality(ids), appended_at = greatest(appended_at, clock_timestamp())
    RETURNING position - cardinality(ids) AS base, appended_at INTO head;
    INSERT INTO event_log (position, event_id, topic, key, event, appended_at)
    SELECT head.base + e.ordinality, e.id, e.topic, e.key, e.event, head.appended_at
    FROM unnest(ids, topics, keys, events) WITH ORDINALITY AS e (id, topic, key, event)
    ON CONFLICT (event_id) DO NOTHING;
  END $$;

${compactFunction}
  ALTER TABLE event_log ENABLE ROW LEVEL SECURITY;
  CREATE POLICY topics_of_the_service ON event_log FOR SELECT USING (
    topic IN (SELECT r.topic FROM event_right r WHERE r.role = current_user));
  ALTER TABLE consumer_group ENABLE ROW LEVEL SECURITY;
  CREATE POLICY own_group ON consumer_group USING (
    name = (SELECT r.service FROM event_role r WHERE r.role = current_user));
  ALTER TABLE dead_letter ENABLE ROW LEVEL SECURITY;
  CREATE POLICY own_letters ON dead_letter USING (
    consumer = (SELECT r.service FROM event_role r WHERE r.role = current_user));`;

/** The rights of a serving role on the log's tables. */
const grants = [
  'SELECT ON event_log_version, event_log_identity, event_head, event_log, event_role, event_right, event_topic',
  'SELECT, INSERT, UPDATE ON consumer_group',
  'SELECT, INSERT ON dead_letter',
  // A publisher that finds that the log lost its end gives the log a new identity (check-log.ts).
  'UPDATE (id) ON event_log_identity',
  'EXECUTE ON FUNCTION append_events, compact_events',
];

interface Right {
  role: string;
  topic: string;
  may_write: boolean;
  may_read: boolean;
}

/** For each serving role: the topics that its service may publish to, and the topics that it acts on. */
function eventRights(): Right[] {
  return serviceNames.flatMap((service) =>
    eventTypes
      .map((topic) => ({
        role: serviceDatabases[service].serves,
        topic,
        may_write: (eventContracts[topic].sources as readonly ServiceName[]).includes(service),
        may_read: service in eventContracts[topic].actedOn,
      }))
      .filter(({ may_write, may_read }) => may_write || may_read),
  );
}

/** Updates the rows of rights from the event table, and grants the existing roles their rights. */
export async function applyLogRights(client: PoolClient): Promise<void> {
  const json = (value: unknown) => [JSON.stringify(value)];
  const roles = serviceNames.map((service) => ({ role: serviceDatabases[service].serves, service }));
  const topics = eventTypes.map((topic) => ({ topic, kept_hours: eventContracts[topic].keptHours }));
  for (const [table, key, rows] of [
    ['event_role', 'role', roles],
    ['event_right', 'role, topic', eventRights()],
    ['event_topic', 'topic', topics],
  ] as const) {
    const wanted = `jsonb_populate_recordset(NULL::${table}, $1::jsonb)`;
    await client.query(
      `DELETE FROM ${table} WHERE (${key}) NOT IN (SELECT ${key} FROM ${wanted})`,
      json(rows),
    );
    await client.query(
      `INSERT INTO ${table} SELECT * FROM (SELECT * FROM ${wanted} EXCEPT SELECT * FROM ${table}) changed
       ON CONFLICT (${key}) DO UPDATE SET ${columnsOf[table].map((name) => `${name} = excluded.${name}`).join(', ')}`,
      json(rows),
    );
  }
  await client.query('REVOKE EXECUTE ON FUNCTION append_events, compact_events FROM PUBLIC');
  const { rows: there } = await client.query<{ role: string }>(
    'SELECT rolname AS role FROM pg_roles WHERE rolname = ANY($1) AND rolname <> current_user',
    [roles.map(({ role }) => role)],
  );
  for (const { role } of there) for (const grant of grants) await client.query(`GRANT ${grant} TO ${role}`);
}

const columnsOf = {
  event_role: ['service'],
  event_right: ['may_write', 'may_read'],
  event_topic: ['kept_hours'],
} as const;

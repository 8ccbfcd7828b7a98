import type { Pool } from 'pg';
import { unhurried } from '../database/watched-connection.js';

/*
 * How long the log keeps an event. The hours of each event type are in the event table (`keptHours` in
 * libs/smart/src/events.ts). `kafka/topic-retention.ts` is the same rule for Kafka.
 */

/**
 * Seconds. Longer than any access token lives, so a starting replica still sees each step of the last hour.
 */
export const compactionAge = 2 * 3600;

/**
 * Frozen text, part of a version of the log's tables (`log-rights.ts`). Removes, among the events that every
 * consumer group has read, those with a newer event of their key and those older than their hours.
 */
export const compactFunction = `  CREATE FUNCTION compact_events(older_than double precision) RETURNS bigint
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
  DECLARE
    gone bigint;
  BEGIN
    -- A service that was taken over must not empty the log.
    IF EXISTS (SELECT FROM event_role WHERE role = session_user) THEN older_than := greatest(older_than, 7200); END IF;
    DELETE FROM event_log old
    WHERE appended_at < now() - make_interval(secs => older_than)
      AND position <= (SELECT coalesce(min(position), 0) FROM consumer_group)
      AND (EXISTS (
        SELECT 1 FROM event_log newer
        WHERE newer.topic = old.topic AND newer.key = old.key AND newer.position > old.position)
      OR appended_at < now() - make_interval(hours => (
        SELECT kept_hours FROM event_topic kept WHERE kept.topic = old.topic)));
    GET DIAGNOSTICS gone = ROW_COUNT;
    RETURN gone;
  END $$;
`;

/**
 * Like Kafka's log compaction, keeps only the newest event of each key among the events older than the given
 * age, and removes events that are past the retention of their contract. Events that a consumer group has not
 * read yet stay.
 *
 * @param olderThan seconds
 * @returns the number of removed rows
 */
export async function compactLog(pool: Pool, olderThan: number): Promise<number> {
  const { rows } = await pool.query<{ gone: string }>(
    unhurried('SELECT compact_events($1) AS gone', [olderThan]),
  );
  return Number(rows[0]?.gone ?? 0);
}

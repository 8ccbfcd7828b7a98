import { least, positionsOf, type GroupRow } from './group-positions.js';
import type { LogState, PostgresEventLog } from './log.js';

/** Events of other topics after which a group stores its position. A starting replica passes them again. */
const quietEvents = 200n;

/**
 * The state of the log when it has nothing for a group. Found out without the lock on the group's row,
 * because a lock is a write. The stored position follows with the next event of the group, or after
 * {@link quietEvents} of others.
 * @returns undefined when the group must be stepped under its lock
 */
export async function quietState(
  log: PostgresEventLog,
  consumer: string,
  topics: readonly string[],
): Promise<(LogState & { stored: ReadonlyMap<string, bigint> }) | undefined> {
  const { rows: groups } = await log.pool.query<GroupRow>({
    name: 'group-positions',
    text: 'SELECT position, positions FROM consumer_group WHERE name = $1',
    values: [consumer],
  });
  if (!groups[0]) return undefined;
  const stored = positionsOf(groups[0], topics);
  const { rows, ...state } = await log.read(log.pool, least(stored), topics, 1);
  const isBehind = state.head - least(stored) >= quietEvents;
  const isAhead = [...stored.values()].some((position) => position > state.head);
  return rows.length > 0 || isBehind || isAhead ? undefined : { ...state, stored };
}

import { waitingEventTypes } from '@payer/smart';
import type { LogRow } from './log.js';

/** The most events of a run. */
const longestRun = 50;

/**
 * Splits rows into runs. The events of a run are delivered at the same time: events that may wait, each of
 * another subject. Every other event is a run by itself, after all events before it.
 */
export function runsOf(rows: readonly LogRow[]): LogRow[][] {
  const runs: LogRow[][] = [];
  for (const row of rows) {
    const run = runs.at(-1);
    const joins =
      run !== undefined &&
      run.length < longestRun &&
      waitingEventTypes.includes(row.topic) &&
      waitingEventTypes.includes(run[0]!.topic) &&
      run.every(({ key }) => key !== row.key);
    if (joins) run.push(row);
    else runs.push([row]);
  }
  return runs;
}

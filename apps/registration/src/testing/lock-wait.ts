import { eventually } from '@payer/testing';
import type { DataSource } from 'typeorm';

/**
 * Waits until a statement of the database waits for a lock, or until the request has its answer: then it does
 * not wait, and the test sees a wrong answer.
 */
export async function waitsForLock(source: DataSource, asked: Promise<unknown>): Promise<void> {
  let isAnswered = false;
  const answered = () => (isAnswered = true);
  void asked.then(answered, answered);
  await eventually(async () => {
    const waiting = await source.query(
      "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
    );
    return isAnswered || waiting.length > 0;
  });
}

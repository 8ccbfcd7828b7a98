import { randomUUID } from 'node:crypto';
import type { TransactionClient } from '../database/transaction-client.js';

/**
 * Queues facts that no event carries for the journal, in the transaction of the facts. The relay writes them
 * to the journal. `FactsOwner.isJournaled` must accept the type.
 */
export async function addToJournal(
  client: TransactionClient,
  type: string,
  facts: readonly { subject: string; data: Record<string, unknown> }[],
): Promise<void> {
  const time = new Date().toISOString();
  const events = facts.map(({ subject, data }) => ({ id: randomUUID(), type, subject, time, data }));
  await client.query(
    'INSERT INTO outbox_journal (event_id, event) SELECT * FROM unnest($1::uuid[], $2::jsonb[])',
    [events.map(({ id }) => id), events.map((event) => JSON.stringify(event))],
  );
}

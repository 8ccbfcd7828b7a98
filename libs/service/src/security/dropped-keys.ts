import { addToJournal, type JournaledEvent, type Queries } from '@payer/events';

/** Type of a journal-only fact: a signing key was dropped and is no longer valid; it may have leaked. */
export const keyDropped = 'key-dropped';

/** Call it in the transaction that removes the keys. */
export function journalDroppedKeys(client: Queries, kids: readonly string[]): Promise<void> {
  return addToJournal(
    client,
    keyDropped,
    kids.map((kid) => ({ subject: kid, data: { kid } })),
  );
}

/**
 * Removes dropped keys that a restore has brought back. A service without a key creates one when it starts.
 */
export async function dropKeysAgain(client: Queries, events: readonly JournaledEvent[]): Promise<void> {
  const kids = events.filter(({ type }) => type === keyDropped).map(({ subject }) => subject);
  if (kids.length > 0) await client.query('DELETE FROM signing_key WHERE kid = ANY($1)', [kids]);
}

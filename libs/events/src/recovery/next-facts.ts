import { factFeeds, type CloudEvent } from '@payer/smart';
import { newEvents } from '../outbox/outbox.js';
import type { FactsOwner } from './owner.js';
import { queryRows, type Queries } from './queries.js';

/**
 * The facts of an owner as new events, in the order of their keys.
 * @param after continue after this key; '' for the beginning
 * @returns the key of the last fact; null when no more follow
 */
export async function nextFacts(
  client: Queries,
  { service, source }: FactsOwner,
  after: string,
  limit: number,
): Promise<{ events: CloudEvent[]; next: string | null }> {
  const rows = await queryRows<{ key: string }>(
    client,
    `SELECT * FROM (${source.select}) AS fact WHERE key > $1 ORDER BY key LIMIT $2`,
    [after, limit],
  );
  const facts = rows.map((row) => source.toFact(row as never));
  return {
    events: newEvents(factFeeds[service].eventType, facts as never),
    next: rows.length < limit ? null : rows.at(-1)!.key,
  };
}

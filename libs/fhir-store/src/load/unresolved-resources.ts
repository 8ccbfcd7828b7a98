import type { PoolClient } from 'pg';
import type { Piece, Unresolved } from './batch.js';
import { columnsOf, nameOf, type Key } from './keys.js';
import { soleTarget } from './conditional-references.js';
import { resolveConditions } from './resolve-conditions.js';

/*
 * Resources that wait until a conditional reference of theirs matches exactly one stored resource. They are
 * kept as text, because index values and owners follow from the resolved references. What their load decided
 * about structure, labels and names stays decided.
 */

/** Whether any resource waits: most stores have none, and then a batch needs no look at the table. */
async function someWait(client: PoolClient): Promise<boolean> {
  const { rows } = await client.query<{ some: boolean }>(
    'SELECT EXISTS (SELECT FROM unresolved_resource) AS some',
  );
  return rows[0]!.some;
}

/**
 * Keeps resources that wait, and forgets earlier ones that the batch replaces or deletes.
 * @param keys all resources of the batch
 */
export async function keepUnresolved(
  client: PoolClient,
  keys: readonly { type: string; id: string }[],
  waiting: readonly Unresolved[],
): Promise<void> {
  if (await someWait(client))
    await client.query(
      `DELETE FROM unresolved_resource u USING unnest($1::text[], $2::text[]) AS k (type, id)
       WHERE u.type = k.type AND u.id = k.id`,
      [keys.map(({ type }) => type), keys.map(({ id }) => id)],
    );
  if (waiting.length === 0) return;
  await client.query(
    `INSERT INTO unresolved_resource (type, id, place, body, conditions)
     SELECT type, id, place, body, ARRAY(SELECT jsonb_array_elements_text(conditions))
     FROM jsonb_to_recordset($1) AS u (type text, id text, place text, body text, conditions jsonb)`,
    [
      JSON.stringify(
        waiting.map(({ type, id, unresolved: { place, body, conditions } }) => ({
          type,
          id,
          place,
          body,
          conditions,
        })),
      ),
    ],
  );
}

/**
 * The waiting resources whose stored versions belong to a patient that they do not name any more: nobody may
 * read these versions until the waiting ones are stored.
 * @param rows of the same batch, which replace the stored versions
 */
export async function ofFormerOwners(
  client: PoolClient,
  waiting: readonly Unresolved[],
  rows: ReadonlyMap<string, readonly string[] | undefined>,
): Promise<Unresolved[]> {
  if (waiting.length === 0) return [];
  const { rows: stored } = await client.query<Key & { patient: string }>(
    `SELECT m.type, m.id, m.patient FROM member_resource m
     JOIN unnest($1::text[], $2::text[]) AS k (type, id) USING (type, id)`,
    columnsOf(waiting),
  );
  const owners = new Map<string, string[]>();
  for (const row of stored) owners.set(nameOf(row), [...(owners.get(nameOf(row)) ?? []), row.patient]);
  return waiting.filter((one) => {
    const { patients } = one.unresolved;
    const before = rows.get(nameOf(one)) ?? owners.get(nameOf(one)) ?? [];
    return patients !== undefined && before.some((patient) => !patients.includes(patient));
  });
}

/** When resources came that wait, by `Type/id`. */
export type WaitedSince = ReadonlyMap<string, string>;

/** The changes to resources that waited until now. Another loader may have replaced or deleted others. */
export async function stillWaiting<Changed extends Key>(
  client: PoolClient,
  changes: readonly Changed[],
  waitedSince: WaitedSince,
): Promise<Changed[]> {
  const { rows } = await client.query<Key & { loaded_at: string }>(
    `SELECT u.type, u.id, u.loaded_at::text FROM unresolved_resource u
     JOIN unnest($1::text[], $2::text[]) AS k (type, id) USING (type, id)`,
    columnsOf(changes),
  );
  const now = new Map(rows.map((row) => [nameOf(row), row.loaded_at]));
  return changes.filter((change) => now.get(nameOf(change)) === waitedSince.get(nameOf(change)));
}

/** Resources read at once, when the target of their references has arrived. */
const pageSize = 500;

interface Kept {
  type: string;
  id: string;
  place: string;
  body: string;
  conditions: string[];
  loaded_at: string;
}

/**
 * Reads the resources that wait no longer, in pages, as pieces to prepare and store.
 * Call it when the shared resources of a load are stored, with their index clean.
 */
export async function* resolvableResources(client: PoolClient) {
  if (!(await someWait(client))) return;
  let last: Pick<Kept, 'type' | 'id'> | undefined = { type: '', id: '' };
  const known = new Map<string, readonly string[]>();
  while (last) {
    const page: { rows: Kept[] } = await client.query<Kept>(
      `SELECT type, id, place, body, conditions, loaded_at::text FROM unresolved_resource
       WHERE (type, id) > ($1, $2) ORDER BY type, id LIMIT ${pageSize}`,
      [last.type, last.id],
    );
    const { rows } = page;
    last = rows.at(-1);
    const conditions = new Set(rows.flatMap((row) => row.conditions).filter((one) => !known.has(one)));
    const resolutions = await resolveConditions(client, [...conditions], known);
    const ready = rows.filter((row) => row.conditions.every((one) => soleTarget(one, resolutions)));
    if (ready.length > 0)
      yield {
        pieces: ready.map(pieceOf),
        // Only those of the page: they are copied to another thread.
        resolutions: new Map(
          ready.flatMap((row) => row.conditions).map((one) => [one, resolutions.get(one)!]),
        ),
        waitedSince: new Map(ready.map((row) => [nameOf(row), row.loaded_at])),
      };
  }
}

const pieceOf = ({ place, body }: Kept): Piece => ({
  file: place,
  firstLine: undefined,
  bytes: new Uint8Array(Buffer.from(body)),
  isFromArchive: false,
});

import type { PoolClient } from 'pg';
import { withPartyNames } from './claim-parties.js';
import { withEdits } from './edit-text.js';
import { membersOf } from '../json/scan.js';
import { nameOfParty } from './party-names.js';
import { resolveConditions } from './resolve-conditions.js';
import { keepVersions } from './keep-versions.js';
import type { Key } from './keys.js';
import { inTurn } from './loader-lock.js';
import { rememberUnnamed, type Unnamed } from './unnamed.js';

/*
 * Claims whose providers have no name yet. A claim may come before its provider, and the directory is not in
 * memory while claims are prepared. So each missing name is noted beside the claim, and written into the
 * claim at the end of the load that has the provider.
 */

/** Targets that are looked up at once, and claims that are written in one transaction. */
const pageSize = 500;

/**
 * Writes the names that the store has now into the claims that lack them. A claim gets another version.
 * @param keepsVersions whether the version before stays readable
 * @returns the number of claims written
 */
export async function nameClaims(
  client: PoolClient,
  baseUrl: string,
  keepsVersions = false,
): Promise<number> {
  let written = 0;
  for (let last: string | undefined = ''; last !== undefined;) {
    const page: { rows: { target: string }[] } = await client.query<{ target: string }>(
      'SELECT DISTINCT target FROM unnamed_reference WHERE target > $1 ORDER BY target LIMIT $2',
      [last, pageSize],
    );
    const targets = page.rows.map(({ target }) => target);
    last = targets.at(-1);
    const names = await namesOf(client, targets);
    if (names.size > 0) written += await writeNames(client, baseUrl, names, keepsVersions);
  }
  return written;
}

/** The names of targets that are stored, each a `Type/id` or a reference by identifier. */
async function namesOf(client: PoolClient, targets: readonly string[]): Promise<Map<string, string>> {
  const byIdentifier = targets.filter((target) => target.includes('?'));
  const found = await resolveConditions(client, byIdentifier);
  const keys = targets.flatMap((target) => {
    const [type = '', given = ''] = target.split(/[/?]/, 2);
    const ids = target.includes('?') ? (found.get(target) ?? []) : [given];
    return ids.length === 1 ? [{ target, type, id: ids[0]! }] : [];
  });
  const { rows } = await client.query<{ target: string; body: string }>(
    `SELECT k.target, s.body FROM unnest($1::text[], $2::text[], $3::text[]) AS k (target, type, id)
     JOIN shared_resource s ON s.type = k.type AND s.id = k.id`,
    [keys.map(({ target }) => target), keys.map(({ type }) => type), keys.map(({ id }) => id)],
  );
  return new Map(
    rows.flatMap(({ target, body }) => {
      const name = nameOfParty(JSON.parse(String(body)) as Record<string, unknown>);
      return name === undefined ? [] : [[target, name] as const];
    }),
  );
}

async function writeNames(
  client: PoolClient,
  baseUrl: string,
  names: ReadonlyMap<string, string>,
  keepsVersions: boolean,
): Promise<number> {
  const targets = [...names.keys()];
  let written = 0;
  for (;;) {
    const count = await inTurn(client, async () => {
      const { rows } = await client.query<
        Key & { version: number; body: string | null; body_sha256: string | null }
      >(
        `SELECT DISTINCT ON (u.type, u.id) u.type, u.id, m.version, m.body, m.body_sha256
         FROM (SELECT DISTINCT type, id FROM unnamed_reference WHERE target = ANY($1) LIMIT $2) u
         LEFT JOIN member_resource m USING (type, id) ORDER BY u.type, u.id`,
        [targets, pageSize],
      );
      if (rows.length === 0) return undefined;
      const now = new Date().toISOString();
      const unnamed: Unnamed[] = [];
      const changed = rows.flatMap(({ type, id, version, body, body_sha256 }) => {
        if (body === null) return [];
        const named = withPartyNames(String(body), baseUrl, (target) => names.get(target));
        unnamed.push({ type, id, targets: named.unnamed });
        return named.text === String(body)
          ? []
          : [{ type, id, version, body: inVersion(named.text, version + 1, now), body_sha256 }];
      });
      if (keepsVersions)
        await keepVersions(
          client,
          changed.map(({ type, id, version }) => ({ type, id, version: version + 1, isDeleted: false })),
        );
      await client.query(
        `UPDATE member_resource m SET body = given.body, version = given.version + 1, last_updated = $5
         FROM unnest($1::text[], $2::text[], $3::int[], $4::text[], $6::text[]) AS given (type, id, version, body, sha256)
         WHERE m.type = given.type AND m.id = given.id AND m.body_sha256 IS NOT DISTINCT FROM given.sha256`,
        [
          changed.map(({ type }) => type),
          changed.map(({ id }) => id),
          changed.map(({ version }) => version),
          changed.map(({ body }) => body),
          now,
          changed.map(({ body_sha256 }) => body_sha256),
        ],
      );
      await client.query(
        `DELETE FROM unnamed_reference u USING unnest($1::text[], $2::text[]) AS done (type, id)
         WHERE u.type = done.type AND u.id = done.id`,
        [rows.map(({ type }) => type), rows.map(({ id }) => id)],
      );
      await rememberUnnamed(client, unnamed);
      return changed.length;
    });
    if (count === undefined) return written;
    written += count;
  }
}

/** A stored text in another version. Its `meta` begins with version and time (`stored-text.ts`). */
function inVersion(text: string, version: number, updated: string): string {
  const meta = membersOf(text).find(({ key }) => key === 'meta')!;
  const value = (name: string) => membersOf(text, meta.start).find(({ key }) => key === name)!;
  return withEdits(text, [
    { ...value('versionId'), text: JSON.stringify(String(version)) },
    { ...value('lastUpdated'), text: JSON.stringify(updated) },
  ]);
}

import type { Queryable } from '@payer/service';

/** Days before the end of a grant in which its member gets a notice. */
const noticeDays = 7;
/** Days. A member remembers a shorter grant without a notice. */
const shortestNoted = 14;

/**
 * Keeps a notice for each new grant, in the transaction that makes the grants active. A grant that continues
 * a standing one of the same app, with the same access and no later end, is no news to its member.
 */
export async function noteCreated(db: Queryable, grantIds: readonly string[]): Promise<void> {
  await db.query(
    `INSERT INTO grant_notice (grant_id, kind)
     SELECT made.grant_id, 'created' FROM app_grant made
     WHERE made.grant_id = ANY($1) AND NOT EXISTS (
       SELECT 1 FROM app_grant standing
       WHERE standing.environment = made.environment AND standing.sub = made.sub
         AND standing.patient = made.patient AND standing.client_id = made.client_id
         AND standing.grant_id <> made.grant_id
         AND standing.status = 'active' AND standing.created_at < made.created_at
         AND standing.scope = made.scope AND standing.sensitive @> made.sensitive
         AND standing.expires_at >= made.expires_at)
     ON CONFLICT DO NOTHING`,
    [grantIds],
  );
}

/**
 * Keeps a notice for each app that one statement has ended for a member and a patient, in the transaction of
 * the end. A grant that was never active is left out.
 */
export async function noteEnded(db: Queryable, grantIds: readonly string[]): Promise<void> {
  await db.query(
    `INSERT INTO grant_notice (grant_id, kind)
     SELECT DISTINCT ON (environment, sub, patient, client_id) grant_id, 'ended' FROM app_grant
     WHERE grant_id = ANY($1) AND (confirmed_at IS NOT NULL OR confirm_by IS NULL)
     ORDER BY environment, sub, patient, client_id, expires_at DESC, grant_id
     ON CONFLICT DO NOTHING`,
    [grantIds],
  );
}

/**
 * Keeps a notice for each grant that ends soon, unless another grant of the app lasts longer. Of grants with
 * the same end the oldest counts: a grant that continues it may be too short for a notice.
 */
export async function noteEnding(db: Queryable): Promise<void> {
  await db.query(
    `INSERT INTO grant_notice (grant_id, kind)
     SELECT ending.grant_id, 'ending' FROM app_grant ending
     WHERE ending.status = 'active' AND ending.expires_at > now()
       AND ending.expires_at < now() + make_interval(days => $1)
       AND ending.expires_at - ending.created_at > make_interval(days => $2)
       AND NOT EXISTS (
         SELECT 1 FROM app_grant longer
         WHERE longer.environment = ending.environment AND longer.sub = ending.sub
           AND longer.patient = ending.patient AND longer.client_id = ending.client_id
           AND longer.status = 'active'
           AND (longer.expires_at > ending.expires_at
             OR (longer.expires_at = ending.expires_at
               AND (longer.created_at, longer.grant_id) < (ending.created_at, ending.grant_id))))
     ON CONFLICT DO NOTHING`,
    [noticeDays, shortestNoted],
  );
}

import type { Queryable } from '@payer/service';

/**
 * Ends the initial access tokens of an account. Call it after the sessions' end, in the same transaction:
 * a token is issued under a lock on its session, so none can follow.
 */
export async function endInitialAccessTokens(db: Queryable, accountId: string): Promise<void> {
  await db.query('DELETE FROM initial_access_token WHERE owner_id = $1', [accountId]);
}

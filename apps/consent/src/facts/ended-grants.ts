import type { FactSource } from '@payer/events';
import { stateOf, type GrantRow } from '../grants/grants.js';

/**
 * Every revoked grant, for as long as one of its tokens could be valid. Tokens expire with their grant at the
 * latest. One day is added for clock differences and requests under way.
 */
export const endedGrants: FactSource<'consent', GrantRow> = {
  select: `
    SELECT *, grant_id AS key, revoked_at AS changed_at FROM app_grant
    WHERE status = 'revoked' AND coalesce(granted_until, expires_at) > now() - interval '1 day'`,
  toFact: stateOf,
};

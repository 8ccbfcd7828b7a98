import type { FactSource } from '@payer/events';
import { stateOf, type GrantRow } from '../grants/grants.js';

/**
 * Every grant that has ended, for as long as a token of it could live: a grant ends by itself at its time, and so do its
 * tokens. A day is left for clocks and for what is under way.
 */
export const endedGrants: FactSource<'consent', GrantRow> = {
  select: `
    SELECT *, grant_id AS key, revoked_at AS changed_at FROM app_grant
    WHERE status = 'revoked' AND coalesce(granted_until, expires_at) > now() - interval '1 day'`,
  toFact: stateOf,
};

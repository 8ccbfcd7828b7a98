import { isLive, type ListedGrant } from '../grants/grants.js';

/** The member's latest action on the page, derived from the grants. */
export type DoneNotice =
  | { what: 'disconnected'; app: string; at: Date }
  | { what: 'disconnected-all'; at: Date }
  | { what: 'shortened'; app: string; at: Date }
  | { what: 'failed' };

/**
 * The notice that the page's URL asks for, if the grants confirm it.
 * @param query of the page: `disconnected` or `shortened` names an app, and `of` a grant of the card;
 * `disconnected-all` and `failed` have no value
 * @param grants all grants of the member, the newest first
 */
export function doneNoticeOf(
  query: Readonly<Record<string, unknown>>,
  grants: readonly ListedGrant[],
): DoneNotice | undefined {
  if ('failed' in query) return { what: 'failed' };
  if ('disconnected-all' in query) {
    const at = lastEnd(grants);
    return at && !grants.some(isLive) ? { what: 'disconnected-all', at } : undefined;
  }
  const ofApp = (clientId: unknown) => {
    const own = grants.filter(({ client_id }) => client_id === clientId);
    const named = own.find(({ grant_id }) => grant_id === query.of);
    return own.filter(({ patient, sub }) => !named || (patient === named.patient && sub === named.sub));
  };
  const ended = ofApp(query.disconnected);
  const at = lastEnd(ended);
  if (ended[0] && at && !ended.some(isLive)) return { what: 'disconnected', app: ended[0].client_name, at };
  const [shortened] = ofApp(query.shortened).filter(isLive);
  return shortened && { what: 'shortened', app: shortened.client_name, at: shortened.expires_at };
}

/** The latest instant at which the member revoked one of the grants. */
function lastEnd(grants: readonly ListedGrant[]): Date | undefined {
  const ends = grants
    .filter(({ revoked_reason }) => revoked_reason === 'member')
    .map(({ revoked_at }) => Number(revoked_at));
  return ends.length > 0 ? new Date(Math.max(...ends)) : undefined;
}

import type { ListedGrant } from '../grants/grants.js';

/** The member's latest action on the page, derived from the grants. */
export type DoneNotice =
  | { what: 'disconnected'; app: string; at: Date }
  | { what: 'disconnected-all'; at: Date }
  | { what: 'shortened'; app: string; at: Date }
  | { what: 'failed' };

/**
 * The notice that the page's URL asks for, if the grants confirm it.
 * @param query of the page: `disconnected` or `shortened` names an app; `disconnected-all` and `failed` have
 * no value
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
  const ofApp = (clientId: unknown) => grants.filter(({ client_id }) => client_id === clientId);
  const ended = ofApp(query.disconnected);
  const at = lastEnd(ended);
  if (ended[0] && at && !ended.some(isLive)) return { what: 'disconnected', app: ended[0].client_name, at };
  const [shortened] = ofApp(query.shortened).filter(isLive);
  return shortened && { what: 'shortened', app: shortened.client_name, at: shortened.expires_at };
}

const isLive = ({ status }: ListedGrant) => status !== 'revoked';

/** The latest instant at which the member revoked one of the grants. */
function lastEnd(grants: readonly ListedGrant[]): Date | undefined {
  const ends = grants
    .filter(({ revoked_reason }) => revoked_reason === 'member')
    .map(({ revoked_at }) => Number(revoked_at));
  return ends.length > 0 ? new Date(Math.max(...ends)) : undefined;
}

import { Provider, type AdapterPayload } from 'oidc-provider';
import type { Member } from '../members/members.js';

/** A code or refresh token whose use is written together with its successor. */
export interface TokenUse {
  model: string;
  id: string;
}

/** The rows that one statement has read for a token request, and the write that the request still owes. */
export interface TokenRequestState {
  grant?: { id: string; payload: AdapterPayload };
  member?: Member;
  use?: TokenUse;
}

const states = new WeakMap<object, TokenRequestState>();

/** The state of the running token request. Undefined outside the token endpoint. */
export function tokenRequestState(): TokenRequestState | undefined {
  const { ctx } = Provider;
  if (ctx?.oidc?.route !== 'token') return undefined;
  let state = states.get(ctx);
  if (!state) states.set(ctx, (state = {}));
  return state;
}

/**
 * Middleware of the engine. An answer with tokens must not leave before the use of its code or refresh token
 * is written, or the app could redeem it again.
 * @throws Error when the engine has issued tokens without a refresh token to store the use with
 */
export async function requireWrittenUse(ctx: object, next: () => Promise<void>): Promise<void> {
  await next();
  if (states.get(ctx)?.use && (ctx as { status?: number }).status === 200)
    throw new Error('tokens were issued before the use of their code or refresh token was stored');
}

import type { AppState } from './events.js';
import type { Environment } from './environments.js';
import type { Plan } from './plans.js';
import { claimsAgainstPlan, type AccessTokenClaims } from './token-claims.js';

/** The state of an app, as far as it decides about the app's access tokens. */
export interface AppOfToken {
  readonly status: AppState['status'];
  readonly plan: Plan | null;
  /** Environments open to the app now. */
  readonly environments: readonly Environment[];
  /** Milliseconds since the epoch. Tokens with an earlier issue time are refused. */
  readonly tokensValidFrom: number | undefined;
  /** Whether the app's tokens are bound to its key (RFC 9449). */
  readonly needsBoundTokens: boolean;
}

/** An access token, as far as the state of its app decides about it. */
export interface TokenOfApp {
  readonly environment: Environment;
  readonly claims: Pick<AccessTokenClaims, 'scope' | 'patient' | 'grant_id' | 'iat' | 'cnf'>;
}

/** Whether a token breaks a rule. */
type TokenRule = (token: TokenOfApp, app: AppOfToken) => boolean;

/**
 * The rules for an access token by the state of its app, in order. The FHIR API refuses a token that breaks
 * one, and introspection reports the token as inactive.
 */
const rules = {
  'app-deleted': (_token, app) => app.status === 'deleted',
  'app-suspended': (_token, app) => app.status === 'suspended',
  'before-suspension': ({ claims }, app) =>
    app.tokensValidFrom !== undefined && claims.iat * 1000 < app.tokensValidFrom,
  // A token from before the developer switched DPoP on.
  'not-bound': ({ claims }, app) => app.needsBoundTokens && !claims.cnf,
  'no-plan': (_token, app) => app.plan === null,
  'environment-closed': ({ environment }, app) => !app.environments.includes(environment),
  'other-plan': ({ claims }, app) => app.plan !== null && claimsAgainstPlan(claims, app.plan) !== undefined,
} satisfies Record<string, TokenRule>;

export type TokenFault = keyof typeof rules;
const inOrder = Object.entries(rules) as [TokenFault, TokenRule][];

/** The first rule that an access token breaks by the state of its app, or undefined. */
export function tokenFault(token: TokenOfApp, app: AppOfToken): TokenFault | undefined {
  for (const [fault, isBroken] of inOrder) if (isBroken(token, app)) return fault;
  return undefined;
}

/** The part of an app's state that {@link tokenFault} reads. */
export const appOfToken = (state: AppState): AppOfToken => ({
  status: state.status,
  plan: state.plan,
  environments: state.environments,
  tokensValidFrom: state.tokens_valid_from === null ? undefined : Date.parse(state.tokens_valid_from),
  needsBoundTokens: state.dpop_bound_access_tokens ?? false,
});

import {
  appSuspended,
  claimsAgainstPlan,
  errorPage,
  planRules,
  tokenFault,
  type TokenFault,
} from '@payer/smart';
import type { App } from '../apps/apps.js';
import { insufficientScope, invalidToken, type Refusal } from './refusal.js';
import type { VerifiedToken } from './verified-token.js';

/** The refusals of tokens that break a rule of `libs/smart/src/token-rules.ts`. */
const refusals: Record<TokenFault, (token: VerifiedToken, app: App, portalUrl: string) => Refusal> = {
  'app-deleted': () =>
    invalidToken(
      'The app was deleted; its tokens are worth nothing. Register a new app in the developer portal.',
    ),
  'app-suspended': (_token, _app, portalUrl) =>
    invalidToken(
      `The app is suspended; its tokens are refused. See ${errorPage(portalUrl, appSuspended)}`,
      'login',
      errorPage(portalUrl, appSuspended),
    ),
  'before-suspension': () =>
    invalidToken(
      'The token was issued before the app was suspended. Ask the token endpoint for a new token.',
    ),
  'not-bound': () =>
    invalidToken(
      'The app is set to tokens that are bound to its key (DPoP), and this token is not. Ask the token endpoint for a new token.',
    ),
  'no-plan': () =>
    insufficientScope('The app is not subscribed to a plan. Subscribe it in the developer portal.'),
  'environment-closed': ({ environment }) =>
    insufficientScope(
      `The app has no access to the ${environment} environment. Request ${environment} access in the developer portal; it opens when the request is approved.`,
    ),
  'other-plan': ({ claims }, app) =>
    insufficientScope(
      `The token does not fit the app's plan: ${claimsAgainstPlan(claims, app.plan!)}.`,
      planRules[app.plan!].scopes,
    ),
};

/** The refusal that the state of the app causes, or undefined. */
export function refusalByApp(
  token: VerifiedToken,
  app: App | undefined,
  portalUrl: string,
): Refusal | undefined {
  if (!app)
    return invalidToken(
      'The app of this token is not known, or was deleted. Check it in the developer portal.',
    );
  const fault = tokenFault(token, app);
  return fault && refusals[fault](token, app, portalUrl);
}

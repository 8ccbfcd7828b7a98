import { appSuspended, claimsAgainstPlan, errorPage, planRules } from '@payer/smart';
import type { App } from '../apps/apps.js';
import { insufficientScope, invalidToken, type Refusal } from './refusal.js';
import type { VerifiedToken } from './verified-token.js';

/** A rule that checks a token against the state of its app. It returns a refusal or undefined. */
type AppRule = (token: VerifiedToken, app: App, portalUrl: string) => Refusal | undefined;

const notDeleted: AppRule = (_token, app) =>
  app.status === 'deleted'
    ? invalidToken(
        'The app was deleted; its tokens are worth nothing. Register a new app in the developer portal.',
      )
    : undefined;

const notSuspended: AppRule = (_token, app, portalUrl) =>
  app.status === 'suspended'
    ? invalidToken(
        `The app is suspended; its tokens are refused. See ${errorPage(portalUrl, appSuspended)}`,
        'login',
        errorPage(portalUrl, appSuspended),
      )
    : undefined;

const issuedSinceSuspension: AppRule = (token, app) =>
  app.tokensValidFrom !== undefined && token.issuedAt * 1000 < app.tokensValidFrom
    ? invalidToken(
        'The token was issued before the app was suspended. Ask the token endpoint for a new token.',
      )
    : undefined;

/** A token from before the developer switched DPoP on. */
const boundToAKey: AppRule = (token, app) =>
  app.needsBoundTokens && !token.claims.cnf
    ? invalidToken(
        'The app is set to tokens that are bound to its key (DPoP), and this token is not. Ask the token endpoint for a new token.',
      )
    : undefined;

const subscribed: AppRule = (_token, app) =>
  app.plan === null
    ? insufficientScope('The app is not subscribed to a plan. Subscribe it in the developer portal.')
    : undefined;

const environmentOpen: AppRule = (token, app) =>
  app.environments.includes(token.environment)
    ? undefined
    : insufficientScope(
        `The app has no access to the ${token.environment} environment. Request ${token.environment} access in the developer portal; it opens when the request is approved.`,
      );

const claimsMatchPlan: AppRule = (token, app) => {
  if (app.plan === null) return undefined;
  const problem = claimsAgainstPlan(token.claims, app.plan);
  return problem === undefined
    ? undefined
    : insufficientScope(`The token does not fit the app's plan: ${problem}.`, planRules[app.plan].scopes);
};

const rules: readonly AppRule[] = [
  notDeleted,
  notSuspended,
  issuedSinceSuspension,
  boundToAKey,
  subscribed,
  environmentOpen,
  claimsMatchPlan,
];

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
  for (const rule of rules) {
    const refusal = rule(token, app, portalUrl);
    if (refusal) return refusal;
  }
  return undefined;
}

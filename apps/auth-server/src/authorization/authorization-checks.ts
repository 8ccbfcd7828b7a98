import { checkApp } from './checks/check-app.js';
import { checkAudience } from './checks/check-audience.js';
import type { AuthorizationError, AuthorizationRequest, Check } from './checks/check.js';
import { checkDpopKey } from './checks/check-dpop-key.js';
import { checkMaxAge } from './checks/check-max-age.js';
import { checkPkce } from './checks/check-pkce.js';
import { checkPrompt } from './checks/check-prompt.js';
import { checkPushed } from './checks/check-pushed-request.js';
import { checkRegistration } from './checks/check-registration.js';
import { checkResource } from './checks/check-resource.js';
import { checkResponseMode, checkResponseType } from './checks/check-response-type.js';
import { checkScopes } from './checks/check-scopes.js';

/** Checks of an authorization request of a known app with a registered redirect URI, in order. */
const checks: readonly Check[] = [
  checkResponseType,
  checkResponseMode,
  checkApp,
  checkPushed,
  checkRegistration,
  checkAudience,
  checkResource,
  checkScopes,
  checkPrompt,
  checkMaxAge,
  checkPkce,
  checkDpopKey,
];

/** @returns the first error, or undefined when the request may go on */
export function checkAuthorizationRequest(request: AuthorizationRequest): AuthorizationError | undefined {
  for (const check of checks) {
    const error = check(request);
    if (error) return error;
  }
  return undefined;
}

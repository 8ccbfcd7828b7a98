import { counter } from '@payer/service';
import type { Environment, Plan } from '@payer/smart';

const issued = counter('oauth_tokens_issued_total', 'Successful answers of the token endpoint', [
  'environment',
  'plan',
  'grant_type',
]);

const refused = counter(
  'oauth_refusals_total',
  'Requests refused, by endpoint and OAuth error code; access_denied at authorize is a member who said no',
  ['environment', 'endpoint', 'error'],
);

/**
 * Error codes of the endpoints (RFC 6749 §4.1.2.1, §5.2; RFC 8707 §2; RFC 9449 §5; OpenID Connect Core
 * §3.1.2.6). Others are `other`.
 */
const errorCodes = new Set([
  'access_denied',
  'account_selection_required',
  'invalid_client',
  'invalid_dpop_proof',
  'invalid_grant',
  'invalid_redirect_uri',
  'invalid_request',
  'invalid_scope',
  'invalid_target',
  'invalid_token',
  'login_required',
  'registration_not_supported',
  'server_error',
  'temporarily_unavailable',
  'unauthorized_client',
  'unsupported_grant_type',
  'unsupported_response_type',
]);

/** @param plan of the app; undefined for the sign-in at the connected apps */
export function countTokens(
  environment: Environment,
  plan: Plan | null | undefined,
  grantType: string,
): void {
  issued.inc({ environment, plan: plan ?? 'none', grant_type: grantType });
}

export function countRefusal(
  environment: Environment,
  endpoint: 'authorize' | 'token' | 'introspect' | 'revoke' | 'par',
  error: string,
): void {
  refused.inc({ environment, endpoint, error: errorCodes.has(error) ? error : 'other' });
}

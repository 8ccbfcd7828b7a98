import { decideScopes, endpoints, isFhirBase, type AppState, type EnvironmentAddresses } from '@payer/smart';
import { whyNotAllowed } from '../clients/app-rules.js';

export interface AuthorizationRequest {
  app: AppState;
  addresses: EnvironmentAddresses;
  /** Parameters of the request. Of a repeated parameter the first value counts. */
  parameters: URLSearchParams;
  /** Whether the app has pushed the request (RFC 9126). */
  isPushed?: boolean;
}

/** An error that goes back to the app's redirect URI (RFC 6749 §4.1.2.1). */
export interface AuthorizationError {
  error:
    | 'unauthorized_client'
    | 'invalid_request'
    | 'invalid_scope'
    | 'unsupported_response_type'
    | 'account_selection_required';
  description: string;
}

type Check = (request: AuthorizationRequest) => AuthorizationError | undefined;

const checkResponseType: Check = ({ parameters }) => {
  const asked = parameters.get('response_type');
  if (asked === 'code') return undefined;
  return asked
    ? { error: 'unsupported_response_type', description: 'response_type must be code' }
    : { error: 'invalid_request', description: 'response_type is missing; it must be code' };
};

/** SMART uses `query`. Other modes carry codes in fragments and scripts, and no app here needs them. */
const checkResponseMode: Check = ({ parameters }) =>
  (parameters.get('response_mode') ?? 'query') === 'query'
    ? undefined
    : { error: 'invalid_request', description: 'response_mode must be query, or absent' };

/** The plan, the environment and the app's status. */
const checkApp: Check = ({ app, addresses }) => {
  const why = whyNotAllowed(app, addresses.environment, 'authorization-code');
  return why ? { error: 'unauthorized_client', description: why } : undefined;
};

/**
 * SMART 2.2 §2.0.7: the app names the FHIR server that it will use, so that a counterfeit server gets no
 * token.
 */
const checkAudience: Check = ({ addresses, parameters }) => {
  const named = [...parameters.getAll('aud'), ...parameters.getAll('resource')];
  return named.every((audience) => isFhirBase(addresses, audience))
    ? undefined
    : {
        error: 'invalid_request',
        description: `aud must be the FHIR base URL of this environment, ${addresses.fhirBaseUrl}`,
      };
};

/** Runs after {@link checkApp}, which refuses an app without a plan. */
const checkScopes: Check = ({ app, parameters }) => {
  if (app.plan === null) throw new Error('an app without a plan has passed the check of its plan');
  const { problem } = decideScopes(app.plan, parameters.get('scope') ?? undefined);
  return problem ? { error: 'invalid_scope', description: problem } : undefined;
};

/** OpenID Connect Core §3.1.2.6. A browser holds one sign-in of this service, so there is none to select. */
const checkPrompt: Check = ({ parameters }) =>
  (parameters.get('prompt') ?? '').split(' ').includes('select_account')
    ? {
        error: 'account_selection_required',
        description: 'prompt=select_account is not supported; prompt=login lets another member sign in',
      }
    : undefined;

/**
 * RFC 7636: S256 only. `plain`, the default of an absent method, would show the verifier to everyone who sees
 * the request.
 */
const checkPkce: Check = ({ app, parameters }) => {
  const challenge = parameters.get('code_challenge');
  const method = parameters.get('code_challenge_method');
  if (!challenge)
    return app.require_pkce || method
      ? {
          error: 'invalid_request',
          description: 'code_challenge is missing; this request needs PKCE with S256',
        }
      : undefined;
  if (method !== 'S256')
    return {
      error: 'invalid_request',
      description: 'code_challenge_method must be S256 (plain, which is the default, is not supported)',
    };
  return /^[A-Za-z0-9_-]{43}$/.test(challenge)
    ? undefined
    : {
        error: 'invalid_request',
        description: 'code_challenge must be the base64url SHA-256 of the verifier',
      };
};

/** RFC 9126 §5: an app may be set to push every request, so that no browser can change one. */
const checkPushed: Check = ({ app, addresses, isPushed }) =>
  app.require_pushed_authorization_requests && !isPushed
    ? {
        error: 'invalid_request',
        description: `this app must push its authorization requests (RFC 9126) to ${endpoints(addresses).pushed_authorization_request_endpoint}`,
      }
    : undefined;

/** Checks of an authorization request of a known app with a registered redirect URI, in order. */
const checks: readonly Check[] = [
  checkResponseType,
  checkResponseMode,
  checkApp,
  checkPushed,
  checkAudience,
  checkScopes,
  checkPrompt,
  checkPkce,
];

/** @returns the first error, or undefined when the request may go on */
export function checkAuthorizationRequest(request: AuthorizationRequest): AuthorizationError | undefined {
  for (const check of checks) {
    const error = check(request);
    if (error) return error;
  }
  return undefined;
}

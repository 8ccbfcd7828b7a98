import { planRules, plans, plansOfFlow, titlesOf } from '../plans.js';
import { accessTokenLifetime, authorizationCodeLifetime } from '../token-claims.js';
import type { DocumentedError } from './documented-error.js';
import { registrationErrors } from './registration-errors.js';

const grantTypesOfPlans = plans
  .map((plan) => `The ${planRules[plan].title} uses ${planRules[plan].grantTypes.join(' and ')}.`)
  .join(' ');
const directoryScopes = plansOfFlow('client-credentials')
  .map((plan) => `${planRules[plan].title}: send scope=${planRules[plan].scopes.join(' ')}.`)
  .join(' ');
const startAgain = 'Send the member to the authorization endpoint again.';

/** Errors of the authorization endpoint (RFC 6749 §4.1.2.1, OpenID Connect Core §3.1.2.6). */
const authorizationErrors: readonly DocumentedError[] = [
  {
    code: 'invalid_request',
    source: 'authorization',
    statuses: [400],
    causes: [
      {
        cause: 'response_type is missing, or a parameter came twice.',
        fix: 'Send response_type=code, and every parameter once.',
      },
      {
        cause: 'aud is not the FHIR base URL of this environment.',
        fix: 'Send the FHIR base URL that the app calls afterwards, with or without a trailing slash.',
      },
      {
        cause: 'PKCE is required or half sent, or its method is not S256.',
        fix: 'Send code_challenge and code_challenge_method=S256. The challenge is the base64url SHA-256 of the verifier.',
      },
      { cause: 'response_mode is not query.', fix: 'Leave response_mode out.' },
      {
        cause: 'prompt, max_age, id_token_hint or dpop_jkt has a value that it cannot have.',
        fix: 'error_description names the parameter. Correct it, or leave it out.',
      },
      {
        cause: 'The app is set to push its authorization requests, and this one came through the browser.',
        fix: 'POST the parameters to pushed_authorization_request_endpoint, then send client_id and request_uri.',
      },
    ],
  },
  {
    code: 'invalid_redirect_uri',
    source: 'authorization',
    statuses: [400],
    causes: [
      {
        cause: 'redirect_uri is not registered for the app. The comparison is character for character.',
        fix: 'Register the URI that the app sends, or send the registered one. A trailing slash counts.',
      },
    ],
  },
  {
    code: 'invalid_client',
    source: 'authorization',
    statuses: [400],
    causes: [
      {
        cause: 'client_id names no app.',
        fix: 'Copy the client_id from the app’s page in the portal.',
      },
    ],
  },
  {
    code: 'unauthorized_client',
    source: 'authorization',
    statuses: [],
    causes: [
      {
        cause: `The app is not subscribed to ${titlesOf(plansOfFlow('authorization-code'))}.`,
        fix: 'Use an app of that plan. The plan of an app cannot change later.',
      },
      {
        cause: 'The app is not approved for production.',
        fix: 'Request production access on the app’s page, or use the sandbox.',
      },
      { cause: 'The app is suspended or deleted.', fix: 'Read the reason on the app’s page.' },
    ],
  },
  {
    code: 'unsupported_response_type',
    source: 'authorization',
    statuses: [],
    causes: [{ cause: 'response_type is not code.', fix: 'Send response_type=code.' }],
  },
  {
    code: 'invalid_scope',
    source: 'authorization',
    statuses: [],
    causes: [
      {
        cause: 'The request asks for less or more than the scopes of the plan.',
        fix: 'Send exactly openid fhirUser launch/patient patient/*.rs. offline_access and online_access may be added.',
      },
    ],
  },
  {
    code: 'access_denied',
    source: 'authorization',
    statuses: [],
    causes: [
      {
        cause: 'The member said no, or cancelled the sign-in.',
        fix: 'Tell the member that nothing was shared. Ask again when the member starts again.',
      },
    ],
  },
  {
    code: 'login_required',
    source: 'authorization',
    statuses: [],
    causes: [
      {
        cause: 'The request has prompt=none and the member is not signed in.',
        fix: 'Leave prompt out.',
      },
      {
        cause: 'Another member signed in than the one of id_token_hint.',
        fix: 'Ask the right member, or leave id_token_hint out.',
      },
    ],
  },
  {
    code: 'consent_required',
    source: 'authorization',
    statuses: [],
    causes: [
      {
        cause: 'The request has prompt=none, and every authorization goes through the consent service.',
        fix: 'Leave prompt out. A member whose grant still stands comes back with a code, without a page.',
      },
    ],
  },
  {
    code: 'account_selection_required',
    source: 'authorization',
    statuses: [],
    causes: [
      {
        cause: 'The request has prompt=select_account, which this service does not offer.',
        fix: 'Leave prompt out, or send prompt=login so that another member can sign in.',
      },
    ],
  },
  {
    code: 'interaction_required',
    source: 'authorization',
    statuses: [],
    causes: [
      { cause: 'The request has prompt=none and the member has to do something.', fix: 'Leave prompt out.' },
    ],
  },
  {
    code: 'request_not_supported',
    source: 'authorization',
    statuses: [],
    causes: [
      {
        cause: 'The request has the parameter request (a request object).',
        fix: 'Send the parameters themselves.',
      },
    ],
  },
  {
    code: 'request_uri_not_supported',
    source: 'authorization',
    statuses: [],
    causes: [{ cause: 'The request has the parameter request_uri.', fix: 'Send the parameters themselves.' }],
  },
  {
    code: 'invalid_request_uri',
    source: 'authorization',
    statuses: [400],
    causes: [
      {
        cause: 'The pushed request has expired, was used before, or belongs to another client_id (RFC 9126).',
        fix: 'Push the request again. A request_uri works once, within 60 seconds, with the client_id that pushed it.',
      },
    ],
  },
  {
    code: 'registration_not_supported',
    source: 'authorization',
    statuses: [],
    causes: [{ cause: 'The request has the parameter registration.', fix: 'Register the app first.' }],
  },
  {
    code: 'invalid_target',
    source: 'authorization',
    statuses: [],
    causes: [
      {
        cause: 'resource is not the FHIR base URL of this environment.',
        fix: 'Leave resource out; send aud.',
      },
    ],
  },
  {
    code: 'server_error',
    source: 'authorization',
    statuses: [500],
    causes: [
      {
        cause: 'Something failed on the server.',
        fix: `${startAgain} If it happens again, ask with the X-Request-Id of the answer.`,
      },
    ],
  },
  {
    code: 'temporarily_unavailable',
    source: 'authorization',
    statuses: [429, 503],
    causes: [
      {
        cause: 'Too many requests came from one address, or the server cannot decide at the moment.',
        fix: 'Wait as many seconds as Retry-After says, then send the request again.',
      },
    ],
  },
];

/**
 * Errors of the token, introspection and revocation endpoints (RFC 6749 §5.2, RFC 7009 §2.2.1, RFC 7662
 * §2.3).
 */
const tokenErrors: readonly DocumentedError[] = [
  {
    code: 'invalid_request',
    source: 'token',
    statuses: [400, 405, 413],
    causes: [
      {
        cause: 'A parameter is missing or came twice, or the body is not a form.',
        fix: 'POST application/x-www-form-urlencoded with grant_type and what the grant type needs, each once.',
      },
      { cause: 'The method is not POST.', fix: 'Send a POST. The answer names the methods in Allow.' },
    ],
  },
  {
    code: 'invalid_client',
    source: 'token',
    statuses: [401],
    causes: [
      {
        cause: 'The client_id or the client_secret is wrong, or the secret has ended after a replacement.',
        fix: 'Send HTTP Basic with client_id and the current secret. If the secret is lost, replace it on the app’s page.',
      },
      {
        cause: 'The client_secret is in the body.',
        fix: 'Send it in the Authorization header (client_secret_basic).',
      },
      {
        cause: 'The app sends a secret, but it is registered for private_key_jwt, or the other way round.',
        fix: 'Use the method of the Credentials page of the app, or change it there.',
      },
      {
        cause: 'The client_assertion has expired, was used before, or its aud, iss, sub or exp is wrong.',
        fix: 'Make a new JWT for each request: iss and sub are the client_id, aud is the token endpoint, exp is at most five minutes away, jti is new.',
      },
      {
        cause: 'The signature of the client_assertion was made with an unknown key (kid) or another alg.',
        fix: 'Sign with RS384 or ES384, and publish the public key under its kid in the registered jwks or jwks_uri.',
      },
    ],
  },
  {
    code: 'invalid_grant',
    source: 'token',
    statuses: [400],
    causes: [
      {
        cause: `The code is older than ${authorizationCodeLifetime} seconds, or was used before.`,
        fix: `${startAgain} A code works once. A code that is used twice ends its tokens.`,
      },
      {
        cause: 'redirect_uri is not the one of the authorization request.',
        fix: 'Send the same redirect_uri, character for character.',
      },
      {
        cause: 'The refresh token was used before.',
        fix: `Keep the refresh token of the latest answer: each use gives a new one. A second use ends the grant. ${startAgain}`,
      },
      {
        cause: 'The grant has ended. error_code says how, and error_uri leads to the page of that code.',
        fix: startAgain,
      },
      {
        cause: 'code_verifier is missing or does not match the code_challenge.',
        fix: 'Send the verifier of the same authorization request.',
      },
    ],
  },
  {
    code: 'unauthorized_client',
    source: 'token',
    statuses: [400],
    causes: [
      {
        cause: 'The grant type belongs to another plan.',
        fix: `${grantTypesOfPlans} For another plan, create another app.`,
      },
      {
        cause: 'The app has no plan, is not approved for production, or is suspended.',
        fix: 'The app’s page in the portal says which, and the next step.',
      },
    ],
  },
  {
    code: 'invalid_dpop_proof',
    source: 'token',
    statuses: [400],
    causes: [
      {
        cause: 'The DPoP proof does not fit the request (RFC 9449), or is older than five minutes.',
        fix: 'Make a new proof for each request: htm is POST, htu is the token endpoint, iat is now, jti is new.',
      },
      {
        cause: 'The DPoP proof was used before, or the header DPoP is empty.',
        fix: 'Make a new proof for each request, also when a request is repeated.',
      },
      {
        cause: 'The app is set to DPoP, and the request has no proof, or one of another key.',
        fix: 'Send the header DPoP with a proof of the key of the authorization request or of the refresh token.',
      },
    ],
  },
  {
    code: 'unsupported_grant_type',
    source: 'token',
    statuses: [400],
    causes: [
      {
        cause: 'grant_type is none of this server.',
        fix: 'Send authorization_code, refresh_token or client_credentials.',
      },
    ],
  },
  {
    code: 'invalid_scope',
    source: 'token',
    statuses: [400],
    causes: [
      {
        cause: 'The request asks for other scopes than the plan has.',
        fix: `${directoryScopes} When refreshing, leave scope out.`,
      },
    ],
  },
  {
    code: 'invalid_target',
    source: 'token',
    statuses: [400],
    causes: [{ cause: 'resource is not the FHIR base URL.', fix: 'Leave resource out.' }],
  },
  {
    code: 'not_found',
    source: 'token',
    statuses: [404],
    causes: [
      {
        cause: 'There is no such address below the issuer.',
        fix: 'Take the addresses from the SMART configuration.',
      },
    ],
  },
  {
    code: 'server_error',
    source: 'token',
    statuses: [500],
    causes: [
      {
        cause: 'Something failed on the server.',
        fix: 'Send the request again later. If it fails again, ask with the X-Request-Id of the answer.',
      },
    ],
  },
  {
    code: 'temporarily_unavailable',
    source: 'token',
    statuses: [429, 503],
    causes: [
      {
        cause:
          'The app sends too many requests (429), or the server cannot confirm which grants have ended (503).',
        fix: `Wait as many seconds as Retry-After says. Keep an access token for its ${accessTokenLifetime} seconds instead of asking for one per request.`,
      },
    ],
  },
];

export const oauthErrors: readonly DocumentedError[] = [
  ...authorizationErrors,
  ...tokenErrors,
  ...registrationErrors,
];

import type { DocumentedError } from './documented-error.js';

/** Errors of the dynamic registration endpoint (RFC 7591 §3.2.2). */
export const registrationErrors: readonly DocumentedError[] = [
  {
    code: 'invalid_redirect_uri',
    source: 'registration',
    statuses: [400],
    causes: [
      {
        cause: 'A redirect URI breaks the rules for redirect URIs.',
        fix: 'Send absolute https URIs without fragment or wildcard; http is for localhost.',
      },
    ],
  },
  {
    code: 'invalid_client_metadata',
    source: 'registration',
    statuses: [400],
    causes: [
      {
        cause: 'A member of the metadata is wrong, or the metadata fits no plan.',
        fix: 'The description names the member. The grant types decide the plan.',
      },
    ],
  },
  {
    code: 'invalid_software_statement',
    source: 'registration',
    statuses: [400],
    causes: [
      {
        cause:
          'The software statement is no JWT, has expired, is for another server, or its signature is wrong.',
        fix: 'Ask its issuer for a new statement. The description names the fault.',
      },
    ],
  },
  {
    code: 'unapproved_software_statement',
    source: 'registration',
    statuses: [400],
    causes: [
      {
        cause: 'The plan does not trust the issuer of the software statement.',
        fix: 'Register without software_statement, or ask the platform team which issuers it trusts.',
      },
    ],
  },
  {
    code: 'invalid_token',
    source: 'registration',
    statuses: [401],
    causes: [
      {
        cause: 'The initial access token is missing, unknown, used up or expired.',
        fix: 'Issue a new one on the page of your apps.',
      },
      {
        cause: 'The registration access token is not the one of this app, or the app was deleted.',
        fix: 'Send the registration_access_token of the registration answer. Without it, change the app in the portal.',
      },
    ],
  },
  {
    code: 'temporarily_unavailable',
    source: 'registration',
    statuses: [429, 503],
    causes: [
      {
        cause: 'Too many apps were registered in a short time.',
        fix: 'Wait as many seconds as Retry-After says.',
      },
      {
        cause: 'The keys of the issuer of a software statement cannot be read (503).',
        fix: 'Send the registration again later.',
      },
    ],
  },
];

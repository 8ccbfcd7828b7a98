import type { DocumentedError } from './documented-error.js';

const startAgain = 'Send the member to the authorization endpoint again.';

/** The states of a grant and of its app, each with its cause and its fix. */
const states: Record<string, { cause: string; fix: string }> = {
  grant_expired: {
    cause: 'The date until which the member shared has come.',
    fix: `The token response says this date in grant_expires_at: remind the member before it. ${startAgain}`,
  },
  grant_ended_by_member: {
    cause: 'The member has disconnected the app on the page of connected apps.',
    fix: 'Delete the tokens, and show the member that the app is disconnected. Ask again only when the member wants to connect.',
  },
  refresh_token_reused: {
    cause:
      'A refresh token was used again after its successor was used, or more than 10 seconds after its own use. That ends the grant.',
    fix: `Keep the refresh token of the latest answer, and let one process refresh at a time. ${startAgain}`,
  },
  code_reused: {
    cause: 'An authorization code was used twice. That ends its grant.',
    fix: `Exchange a code once, also when the page of the redirect URI is loaded again. ${startAgain}`,
  },
  grant_ended_by_app: {
    cause: 'The app has revoked a refresh token of the grant (RFC 7009).',
    fix: `Delete the tokens that belong to it. ${startAgain}`,
  },
  right_to_act_ended: {
    cause:
      'The member shared the records of another patient, and the right to act for that patient has ended.',
    fix: `Delete the tokens of this patient. ${startAgain} The member can choose among the patients of today.`,
  },
  grant_ended_by_platform: {
    cause: 'The health plan has ended the grant, for example because the app was deleted.',
    fix: `${startAgain} If it is refused, ask the platform team.`,
  },
  grant_ended_by_developer: {
    cause: 'A developer of the app has ended the grant in the portal, to test the app. Sandbox only.',
    fix: `Nothing is wrong. Treat the error as the end of any grant: delete the tokens. ${startAgain}`,
  },
  grant_ended_by_restore: {
    cause: 'The health plan has restored its records from a backup and could not confirm the grant.',
    fix: startAgain,
  },
  app_suspended: {
    cause: 'The platform team has suspended the app. Access tokens from before are refused for good.',
    fix: 'Read the reason on the page of the app, and answer the platform team. Refresh tokens work again after the reinstatement.',
  },
};

/**
 * Errors that name the state of a grant: in `error_code` and `error_uri` of the token endpoint beside
 * `invalid_grant` or `unauthorized_client`, and in `error_uri` of the FHIR API's `WWW-Authenticate`.
 */
export const grantErrors: readonly DocumentedError[] = Object.entries(states).flatMap(([code, state]) => [
  { code, source: 'token', statuses: [400], causes: [state] },
  { code, source: 'fhir', statuses: [401], causes: [state] },
]);

import { z } from 'zod';
import { errorPage } from './error-codes/documented-error.js';

const startAgain = 'send the member to the authorization endpoint again';

/**
 * The ways in which a grant or its app ceases to give access: an error code, and a text for the developer.
 */
export const grantEnds = {
  expired: {
    code: 'grant_expired',
    text: `the time for which the member shared has passed; ${startAgain}`,
  },
  member: {
    code: 'grant_ended_by_member',
    text: `the member has disconnected the app; ask only when the member wants to connect it again, then ${startAgain}`,
  },
  'token-reuse': {
    code: 'refresh_token_reused',
    text:
      'a refresh token that had been used before was used again, which ended the grant (RFC 9700, section 4.14.2). A refresh token works once, ' +
      `and can be sent again within 10 seconds while its successor is unused; ${startAgain}`,
  },
  'code-reuse': {
    code: 'code_reused',
    text: `the authorization code had been used before, and its second use ended the grant; ${startAgain}`,
  },
  app: {
    code: 'grant_ended_by_app',
    text: `the app has revoked a refresh token of this grant (RFC 7009); ${startAgain}`,
  },
  'right-ended': {
    code: 'right_to_act_ended',
    text: `the member may no longer act for this patient, which ended the grant; ${startAgain} when the member chooses another patient`,
  },
  platform: {
    code: 'grant_ended_by_platform',
    text: `the health plan has ended the grant; ${startAgain}, or ask the platform team`,
  },
  developer: {
    code: 'grant_ended_by_developer',
    text: `a developer of the app has ended the grant in the developer portal, to test the app; ${startAgain}`,
  },
  restore: {
    code: 'grant_ended_by_restore',
    text: `the grant could not be confirmed after a restore of the health plan's records; ${startAgain}`,
  },
} as const satisfies Record<string, { code: string; text: string }>;

export type GrantEnd = keyof typeof grantEnds;
export const grantEnd = z.enum(Object.keys(grantEnds) as [GrantEnd, ...GrantEnd[]]);

/** The code of a suspended app. Its grants live on and work again after the reinstatement. */
export const appSuspended = 'app_suspended';

/**
 * Members of an error answer that say which state of the grant or of its app refused it: `error_code`, an
 * extension, and `error_uri`, the documentation page of this code (RFC 6749 §5.2).
 */
export const errorState = (portalUrl: string, code: string) => ({
  error_code: code,
  error_uri: errorPage(portalUrl, code),
});

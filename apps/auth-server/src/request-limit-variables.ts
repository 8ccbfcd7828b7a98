import { quotasVariable } from '@payer/service';

/**
 * Limits of the OAuth endpoints, as requests/seconds. The defaults allow a load test from one address. A
 * deployment on the internet sets its own limits.
 */
export const requestLimitVariables = {
  /** Token, introspection, revocation and pushed authorization requests of one address. */
  TOKEN_LIMIT_PER_ADDRESS: quotasVariable('120000/60'),
  /** Token requests of one authenticated app. Strangers cannot use up its limit. */
  TOKEN_LIMIT_PER_APP: quotasVariable('60000/60'),
  /** Codes and refresh tokens of one member that apps present. */
  TOKEN_LIMIT_PER_MEMBER: quotasVariable('3000/60'),
  /** Authorization requests of one address. */
  AUTHORIZATION_LIMIT_PER_ADDRESS: quotasVariable('12000/60'),
};

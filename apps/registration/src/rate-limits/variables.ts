import { quotasVariable } from '@payer/service';

/** Limits of what a caller may create, as requests/seconds. */
export const creationLimitVariables = {
  /** Sign-ups of one address. */
  SIGN_UP_LIMIT_PER_ADDRESS: quotasVariable('30/60, 300/3600'),
  /** Apps that one address creates, by page, API and dynamic registration together. */
  APP_LIMIT_PER_ADDRESS: quotasVariable('100/60, 1000/3600'),
  /** As APP_LIMIT_PER_ADDRESS, of one developer. */
  APP_LIMIT_PER_DEVELOPER: quotasVariable('100/60, 1000/3600'),
  /** Links to a new password that one address asks for or uses. */
  RESET_LIMIT_PER_ADDRESS: quotasVariable('30/60, 100/3600'),
  /** Runs of "Try it" and of the demonstration that one address begins. */
  TRY_IT_LIMIT_PER_ADDRESS: quotasVariable('60/60, 600/3600'),
  /** Requests of one address to the dynamic registration endpoint, refused ones as well. */
  REGISTRATION_LIMIT_PER_ADDRESS: quotasVariable('600/60'),
};

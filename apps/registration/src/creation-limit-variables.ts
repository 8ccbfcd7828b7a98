import { quotasVariable } from '@payer/service';

/** Limits on what a developer or an address may create, as requests/seconds. */
export const creationLimitVariables = {
  /** Sign-ups of one address. */
  SIGN_UP_LIMIT_PER_ADDRESS: quotasVariable('30/60, 300/3600'),
  /** Apps that one address creates, by page, API and dynamic registration together. */
  APP_LIMIT_PER_ADDRESS: quotasVariable('100/60, 1000/3600'),
  /** Same as APP_LIMIT_PER_ADDRESS, per developer. Uploads of logos count apart, with the same limit. */
  APP_LIMIT_PER_DEVELOPER: quotasVariable('100/60, 1000/3600'),
  /** Password reset links that one address requests or uses. */
  RESET_LIMIT_PER_ADDRESS: quotasVariable('30/60, 100/3600'),
  /**
   * Runs of "Try it" and of the demonstration that one address begins. Further requests of runs count apart,
   * with the same limit.
   */
  TRY_IT_LIMIT_PER_ADDRESS: quotasVariable('60/60, 600/3600'),
  /** Questions of one developer for the newest requests of an app. A live view asks every two seconds. */
  LIVE_VIEW_LIMIT_PER_DEVELOPER: quotasVariable('180/60'),
  /** Test messages and repeated messages that developers ask for, per app. */
  WEBHOOK_LIMIT_PER_APP: quotasVariable('20/60, 200/3600'),
  /** Requests of one address to the dynamic registration endpoint, including refused ones. */
  REGISTRATION_LIMIT_PER_ADDRESS: quotasVariable('600/60'),
};

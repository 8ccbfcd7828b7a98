import { counter } from './metric.js';

/** Role of the person who signs in. */
export type SignInRole = 'member' | 'developer' | 'platform' | 'unknown';

const signIns = counter(
  'sign_ins_total',
  'Attempts to sign in. The passwords of throttled attempts were not checked',
  ['role', 'environment', 'outcome'],
);

/** @param environment of a member; the portal has none */
export function countSignIn(
  role: SignInRole,
  environment: string,
  outcome: 'success' | 'failure' | 'throttled',
): void {
  signIns.inc({ role, environment, outcome });
}

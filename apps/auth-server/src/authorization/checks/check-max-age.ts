import type { Check } from './check.js';

/** OpenID Connect Core §3.1.2.1: seconds since the member's sign-in. */
export const checkMaxAge: Check = ({ parameters }) => {
  const asked = parameters.get('max_age');
  return asked === null || (/^\d+$/.test(asked) && Number.isSafeInteger(Number(asked)))
    ? undefined
    : { error: 'invalid_request', description: 'max_age must be a number of seconds, or absent' };
};

import type { Check } from './check.js';

/** OpenID Connect Core §3.1.2.6: apps are registered before their requests. */
export const checkRegistration: Check = ({ parameters }) =>
  parameters.has('registration')
    ? {
        error: 'registration_not_supported',
        description: 'the parameter registration is not supported; register the app first',
      }
    : undefined;

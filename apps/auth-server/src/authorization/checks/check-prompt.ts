import type { Check } from './check.js';

/** OpenID Connect Core §3.1.2.6. A browser holds one sign-in of this service, so there is none to select. */
export const checkPrompt: Check = ({ parameters }) =>
  (parameters.get('prompt') ?? '').split(' ').includes('select_account')
    ? {
        error: 'account_selection_required',
        description: 'prompt=select_account is not supported; prompt=login lets another member sign in',
      }
    : undefined;

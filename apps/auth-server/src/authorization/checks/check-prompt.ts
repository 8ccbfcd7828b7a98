import type { Check } from './check.js';

const supported: ReadonlySet<string> = new Set(['none', 'login', 'consent']);

/** OpenID Connect Core §3.1.2.1 and §3.1.2.6. */
export const checkPrompt: Check = ({ parameters }) => {
  const prompts = new Set((parameters.get('prompt') ?? '').split(' ').filter((prompt) => prompt !== ''));
  // A browser holds one sign-in of this service, so there is none to select.
  if (prompts.has('select_account'))
    return {
      error: 'account_selection_required',
      description: 'prompt=select_account is not supported; prompt=login lets another member sign in',
    };
  if (![...prompts].every((prompt) => supported.has(prompt)))
    return { error: 'invalid_request', description: 'prompt must be none, or login and consent, or absent' };
  return prompts.has('none') && prompts.size > 1
    ? { error: 'invalid_request', description: 'prompt=none must stand alone' }
    : undefined;
};

import { interactionPolicy } from 'oidc-provider';
import { connectedAppsClientId } from '@payer/smart';

const { Check, base } = interactionPolicy;

/**
 * Uses the engine's usual sign-in, but sends every authorization to consent, which owns the grants and knows
 * whether a standing grant answers it. So `prompt=none` gives no code (decision 56). Consent's own sign-in is
 * not an app and needs no consent.
 */
export function policy() {
  const prompts = base();
  const consent = prompts.get('consent');
  if (!consent) throw new Error('the engine has no consent prompt');
  consent.checks.clear();
  consent.checks.add(
    new Check('always_asked', 'the member must say yes or no', 'consent_required', (ctx) => {
      const { client, result } = ctx.oidc;
      if (client?.clientId === connectedAppsClientId || result?.consent) return Check.NO_NEED_TO_PROMPT;
      return Check.REQUEST_PROMPT;
    }),
  );
  return prompts;
}

import { randomUUID } from 'node:crypto';
import { sha256 } from '@payer/service';
import type { AppState, Plan } from '@payer/smart';

export const redirectUri = 'https://client-app.com/redirect';

/** An active app of the sandbox with the secret "secret". */
export function appOf(plan: Plan | null, more: Partial<AppState> = {}): AppState {
  return {
    client_id: `app${randomUUID().replaceAll('-', '')}`,
    version: 1,
    client_name: 'Health App',
    organization: 'Apps Inc',
    redirect_uris: [redirectUri],
    plan,
    status: 'active',
    environments: plan ? ['sandbox'] : [],
    require_pkce: false,
    secrets: [{ sha256: sha256('secret'), expires_at: null }],
    tokens_valid_from: null,
    ...more,
  };
}

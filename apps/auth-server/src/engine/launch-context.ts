import type { KoaContextWithOIDC } from 'oidc-provider';
import { memberOf } from './claims.js';
import type { GrantChoices } from './patched-models.js';

/**
 * The launch context of a token response: the id of the patient whose data the app reads (SMART App Launch
 * 2.2, Launch context arrives with your access_token). The patient is the one that the member has chosen for
 * the grant, otherwise the member. Undefined for an app that acts for no member.
 */
export function launchContext(ctx: KoaContextWithOIDC): { patient: string } | undefined {
  const { patient = memberOf(ctx.oidc.account)?.patient } = (ctx.oidc.entities.Grant ?? {}) as GrantChoices;
  return patient ? { patient } : undefined;
}

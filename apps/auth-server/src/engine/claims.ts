import { fhirUserUrl, type Addresses, type Environment } from '@payer/smart';
import type { Account } from 'oidc-provider';
import { connectedAppsClientId } from '@payer/smart';
import type { Member } from '../members/members.js';

/**
 * A member as oidc-provider's account. Consent's own sign-in also gets the member's identity. Apps get
 * `fhirUser`.
 */
export function accountOf(member: Member, addresses: Addresses[Environment], clientId: string): Account {
  return {
    accountId: member.sub,
    claims: () => ({
      sub: member.sub,
      fhirUser: fhirUserUrl(addresses.fhirBaseUrl, member.patient),
      ...(clientId === connectedAppsClientId ? { patient: member.patient, name: member.name } : {}),
    }),
    member,
  };
}

/** The member behind an account of {@link accountOf}. */
export function memberOf(account: Account | undefined): Member | undefined {
  return account?.member as Member | undefined;
}

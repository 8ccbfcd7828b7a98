import { fhirUserUrl, type Addresses, type Environment } from '@payer/smart';
import type { Account } from 'oidc-provider';
import { connectedAppsClientId } from '@payer/smart';
import type { Member } from '../members/members.js';
import type { HeldGrant } from './patched-models.js';
import type { GrantPatient } from '../representation/representations.js';

/**
 * A member as oidc-provider's account. Consent's own sign-in also gets the member's identity. Apps get
 * `fhirUser`.
 * @param grant the grant of the token request, read when the claims are made
 */
export function accountOf(
  member: Member,
  addresses: Addresses[Environment],
  clientId: string,
  grant: () => GrantPatient,
): Account {
  return {
    accountId: member.sub,
    claims: () => {
      if (clientId !== connectedAppsClientId)
        return { sub: member.sub, fhirUser: patientClaims(addresses, member, grant())?.fhirUser };
      return { sub: member.sub, name: member.name, ...(member.patient ? { patient: member.patient } : {}) };
    },
    member,
  };
}

/**
 * The claims `patient` and `fhirUser` of a grant's tokens. A grant of an earlier version names no patient: it
 * opens the member's own records.
 * @returns undefined for a member without own records and without a patient in the grant
 */
export function patientClaims(
  { fhirBaseUrl }: Pick<Addresses[Environment], 'fhirBaseUrl'>,
  member: Member,
  grant: GrantPatient,
): { patient: string; fhirUser: string } | undefined {
  const patient = grant.patient ?? member.patient;
  if (!patient) return undefined;
  return { patient, fhirUser: fhirUserUrl(fhirBaseUrl, patient, grant.relatedPerson) };
}

/** The claims of an access token that come from the member's grant. */
export const grantClaims = (grantId: string | undefined, { sensitive = [], ...grant }: HeldGrant) => ({
  grant_id: grantId,
  grant_created_at: grant.createdAt ?? grant.iat,
  grant_expires_at: grant.exp,
  ...(sensitive.length > 0 ? { sensitive } : {}),
});

/** The member behind an account of {@link accountOf}. */
export function memberOf(account: Account | undefined): Member | undefined {
  return account?.member as Member | undefined;
}

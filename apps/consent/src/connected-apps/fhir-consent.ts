import { fhirConsent, fhirUserUrl } from '@payer/smart';
import type { Consent } from 'fhir/r4.js';
import { openedKindsOf } from '../consent-screen/opened-kinds.js';
import type { Config } from '../config.js';
import type { GrantRow } from '../grants/grants.js';

/**
 * A grant as FHIR R4 Consent, for its member.
 * @param now decides whether the grant has ended by time
 */
export function fhirConsentOf(config: Config, grant: GrantRow, now = new Date()): Consent {
  const addresses = config.addresses[grant.environment];
  const { client_name: name, organization } = grant;
  return fhirConsent(addresses, {
    grantId: grant.grant_id,
    patient: grant.patient,
    givenBy: fhirUserUrl(addresses.fhirBaseUrl, grant.patient, grant.related_person ?? undefined),
    app: { clientId: grant.client_id, name: organization ? `${name} (${organization})` : name },
    planName: config.PLAN_NAME,
    types: [...new Set(openedKindsOf(grant).flatMap(({ types }) => types))],
    sensitive: grant.sensitive,
    isActive: grant.status === 'active' && grant.expires_at > now,
    createdAt: grant.created_at,
    endsAt: grant.revoked_at ?? grant.expires_at,
  });
}

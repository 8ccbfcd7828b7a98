import {
  dataKindsOf,
  fhirConsent,
  fhirUserUrl,
  type AccessTokenClaims,
  type EnvironmentAddresses,
  type Plan,
} from '@payer/smart';
import type { Consent } from 'fhir/r4.js';
import type { ShortenedGrants } from './shortened-grants.js';

/** A Consent with its version. */
export interface TokenConsent {
  resource: Consent & { id: string };
  versionId: string;
  lastUpdated: Date;
}

/** The facts that the Consents of an environment are made from, beside the token. */
export interface ConsentSources {
  addresses: EnvironmentAddresses;
  planName: string;
  shortened: ShortenedGrants;
}

/**
 * The Consent of a token: the grant that the member gave to this app. It is made from the claims of the
 * token, which the gateway has admitted, so the grant is active.
 * @throws Error when the token has no grant; the gateway admits no such token to this type
 */
export function consentOf(
  { addresses, planName, shortened }: ConsentSources,
  plan: Plan,
  claims: AccessTokenClaims,
): TokenConsent {
  const { grant_id: grantId, patient, grant_created_at: createdAt, grant_expires_at: expiresAt } = claims;
  if (!grantId || !patient) throw new Error('a token without a grant has no Consent');
  const change = shortened.of(grantId);
  const end = dateOf(expiresAt);
  const resource = fhirConsent(addresses, {
    grantId,
    patient,
    givenBy: claims.fhirUser ?? fhirUserUrl(addresses.fhirBaseUrl, patient),
    // The token has no name of the app. So `actor.reference.display` is in the member's download only.
    app: { clientId: claims.client_id },
    planName,
    types: [...new Set(dataKindsOf(plan).flatMap(({ types }) => types))],
    sensitive: claims.sensitive ?? [],
    isActive: true,
    createdAt: dateOf(createdAt),
    endsAt: change && (!end || change.endsAt < end) ? change.endsAt : end,
  });
  const lastUpdated = change?.changedAt ?? dateOf(createdAt) ?? new Date(claims.iat * 1000);
  const versionId = String(lastUpdated.getTime());
  const { resourceType, id, ...rest } = resource;
  const meta = { versionId, lastUpdated: lastUpdated.toISOString() };
  return { resource: { resourceType, id: id!, meta, ...rest }, versionId, lastUpdated };
}

const dateOf = (seconds: number | undefined) =>
  seconds === undefined ? undefined : new Date(seconds * 1000);

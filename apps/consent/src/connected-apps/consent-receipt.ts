import { sensitiveKindTable } from '@payer/smart';
import { SignJWT } from 'jose';
import type { Texts } from '@payer/ui';
import { openedKindsOf } from '../consent-screen/opened-kinds.js';
import type { Config } from '../config.js';
import type { GrantRow } from '../grants/grants.js';
import type { Keys } from '../keys/keys.js';

/** JWT `typ` that distinguishes a receipt from consent's other messages (RFC 8725 §3.11). */
const receiptType = 'consent-receipt+jwt';

const schemaVersion = 'ISO-IEC-TS-27560:2023';

/**
 * The receipt of a grant: its record in the structure of ISO/IEC TS 27560 (sections header, processing,
 * parties, events), and the same record as a JWS that verifies against consent's `/jwks`.
 */
export async function makeReceipt(keys: Keys, config: Config, grant: GrantRow, texts: Texts) {
  const record = recordOf(config, grant, texts);
  const { issuer, managementUrl } = config.addresses[grant.environment];
  const { kid, key } = keys.signing();
  const signed = await new SignJWT({ ...record })
    .setProtectedHeader({ alg: 'RS256', typ: receiptType, kid })
    .setIssuer(managementUrl)
    .setAudience(issuer)
    .setSubject(grant.sub)
    .setJti(grant.grant_id)
    .setIssuedAt()
    .sign(key);
  return { receipt: record, signed };
}

function recordOf(config: Config, grant: GrantRow, texts: Texts) {
  const { managementUrl, fhirBaseUrl } = config.addresses[grant.environment];
  const plan = { party_id: managementUrl, party_name: config.PLAN_NAME, party_role: 'pii_controller' };
  const app = {
    party_id: grant.client_id,
    party_name: grant.client_name,
    party_role: 'third_party',
    ...(grant.organization ? { organization: grant.organization } : {}),
  };
  return {
    schema_version: schemaVersion,
    record_id: grant.grant_id,
    // The person whose records are shared. A representative gives the consent in the person's place.
    pii_principal_id: grant.related_person ? grant.patient : grant.sub,
    // The policies as the member found them on the consent page.
    ...(grant.agreed_to?.policy_uri ? { privacy_notice: grant.agreed_to.policy_uri } : {}),
    ...(grant.agreed_to?.tos_uri ? { terms_of_service: grant.agreed_to.tos_uri } : {}),
    pii_processing: [
      {
        purpose: 'member-directed sharing with an app (45 CFR 164.524, 42 CFR 422.119)',
        lawful_basis: 'consent',
        language: texts.language,
        scope: grant.scope,
        pii_information: [
          ...openedKindsOf(grant).map(({ kind, types }) => ({
            pii_type: texts.t(`kind.${kind}`),
            resource_types: types,
            sensitive_pii_category: false,
          })),
          ...grant.sensitive.map((kind) => ({
            pii_type: texts.t(`sensitive.${kind}`),
            security_labels: sensitiveKindTable[kind].codes,
            sensitive_pii_category: true,
          })),
        ],
        pii_controllers: [plan.party_id],
        recipient_third_parties: [app.party_id],
        collection_method: 'the app reads the records by a FHIR API',
        storage_location: fhirBaseUrl,
        retention_period: { until: grant.expires_at.toISOString() },
        withdrawal_method: managementUrl,
      },
    ],
    party_identification: [plan, app, ...representativeOf(grant)],
    event: eventsOf(grant),
  };
}

function representativeOf(grant: GrantRow) {
  if (!grant.related_person) return [];
  return [
    {
      party_id: grant.sub,
      party_role: 'representative',
      related_person: grant.related_person,
      relationship: grant.relationship,
    },
  ];
}

function eventsOf(grant: GrantRow) {
  const given = {
    event_type: 'explicit',
    event_state: 'consent_given',
    event_time: grant.created_at.toISOString(),
    entity_id: grant.sub,
  };
  if (!grant.revoked_at) return [given];
  const ended = {
    event_type: grant.revoked_reason === 'member' ? 'explicit' : 'implicit',
    event_state: grant.revoked_reason === 'expired' ? 'consent_expired' : 'consent_withdrawn',
    event_time: grant.revoked_at.toISOString(),
    reason: grant.revoked_reason,
  };
  return [given, ended];
}

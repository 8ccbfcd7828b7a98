import { randomUUID } from 'node:crypto';
import type { EventPublisher } from '@payer/events';
import {
  cloudEvent,
  type AppState,
  type EventData,
  type EventType,
  type GrantState,
  type TokenRevocation,
} from '@payer/smart';

/** Publishes an event in place of another service. */
export async function publish<T extends EventType>(
  publisher: EventPublisher,
  type: T,
  data: EventData<T>,
): Promise<void> {
  await publisher.publishEvents([cloudEvent(type, data, { id: randomUUID(), time: new Date() })]);
}

export function appState(clientId: string, overrides: Partial<AppState> = {}): AppState {
  return {
    client_id: clientId,
    version: 1,
    client_name: clientId,
    organization: 'Example',
    redirect_uris: ['https://client-app.example/redirect'],
    plan: 'patient-access',
    status: 'active',
    environments: ['sandbox'],
    require_pkce: false,
    secrets: [],
    tokens_valid_from: null,
    ...overrides,
  };
}

export function revokedGrant(grantId: string, patient: string): GrantState {
  const now = Date.now();
  return {
    grant_id: grantId,
    version: 2,
    environment: 'sandbox',
    sub: `member-of-${patient}`,
    patient,
    client_id: 'patientapp',
    scope: 'openid fhirUser launch/patient patient/*.rs',
    status: 'revoked',
    created_at: new Date(now - 1000).toISOString(),
    expires_at: new Date(now + 1000_000).toISOString(),
    revoked_at: new Date(now).toISOString(),
    revoked_reason: 'member',
  };
}

export function revokedToken(jti: string): TokenRevocation {
  return {
    id: jti,
    version: 1,
    environment: 'sandbox',
    client_id: 'patientapp',
    jti,
    grant_id: null,
    issued_before: null,
    expires_at: new Date(Date.now() + 3_600_000).toISOString(),
    reason: 'app',
    ends_grant: false,
  };
}

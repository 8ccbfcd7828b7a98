import { Controller } from '@nestjs/common';
import { EventPattern, Payload } from '@nestjs/microservices';
import { applyAppState } from '@payer/service';
import {
  appEventTypes,
  environments,
  hasLevers,
  type AppEventType,
  type AppState,
  type CloudEvent,
  type TokenRevocation,
} from '@payer/smart';
import { DataSource } from 'typeorm';
import { Grants } from './grants.js';

/** Consumes the other services' events about grants. */
@Controller()
export class GrantEvents {
  constructor(
    private readonly source: DataSource,
    private readonly grants: Grants,
  ) {}

  @EventPattern([...appEventTypes])
  onAppState(@Payload() event: CloudEvent<AppEventType>): Promise<void> {
    return applyApp(this.source, this.grants, event.data);
  }

  /** Revokes the grant after reuse of a code or refresh token, or after the app revoked its tokens. */
  @EventPattern('token-revoked')
  async onTokenRevoked(@Payload() event: CloudEvent<'token-revoked'>): Promise<void> {
    await applyTokenRevocation(this.grants, event.data);
  }
}

/** Applies an app's state. The grants of a deleted app are revoked, and the grants that a lever ends. */
export async function applyApp(source: DataSource, grants: Grants, app: AppState): Promise<void> {
  await applyAppState(source, app);
  if (app.status === 'deleted') await grants.end('client_id = $2', [app.client_id], 'platform');
  const ended = app.levers?.ended_grants ?? [];
  if (ended.length === 0) return;
  // The condition names app and environment: a lever reaches no grant of another app, and none in production.
  await grants.end(
    'client_id = $2 AND environment = ANY($3) AND grant_id = ANY($4)',
    [app.client_id, environments.filter(hasLevers), ended],
    'developer',
  );
}

/** Revokes the grant that auth-server has revoked. */
export async function applyTokenRevocation(
  grants: Grants,
  { ends_grant, grant_id, reason }: TokenRevocation,
): Promise<void> {
  if (!ends_grant || !grant_id) return;
  const reasons = {
    app: 'app',
    restore: 'restore',
    'token-reuse': 'token-reuse',
    'code-reuse': 'token-reuse',
    'right-ended': 'right-ended',
  } as const;
  await grants.endOne(grant_id, reasons[reason]);
}

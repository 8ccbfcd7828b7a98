import { Controller } from '@nestjs/common';
import { EventPattern, Payload } from '@nestjs/microservices';
import type { CloudEvent } from '@payer/smart';
import { DataSource } from 'typeorm';
import { removeGrant } from './revoke-grant.js';

/** Revokes the grants that consent has revoked. */
@Controller()
export class GrantEvents {
  constructor(private readonly source: DataSource) {}

  @EventPattern('grant-revoked')
  async onRevoked(@Payload() event: CloudEvent<'grant-revoked'>): Promise<void> {
    const { environment, grant_id, revoked_reason } = event.data;
    await this.source.transaction((manager) => removeGrant(manager, environment, grant_id, revoked_reason));
  }
}

import { Controller } from '@nestjs/common';
import { EventPattern, Payload } from '@nestjs/microservices';
import type { CloudEvent } from '@payer/smart';
import { RevocationMetrics } from './revocation-metrics.js';
import { Revocations } from './revocations.js';

@Controller()
export class RevocationEvents {
  constructor(
    private readonly revocations: Revocations,
    private readonly metrics: RevocationMetrics,
  ) {}

  @EventPattern('grant-revoked')
  onGrantRevoked(@Payload() event: CloudEvent<'grant-revoked'>): void {
    this.revocations.revokeGrant(event.data);
    this.metrics.refused(event.data);
  }

  @EventPattern('token-revoked')
  onTokenRevoked(@Payload() event: CloudEvent<'token-revoked'>): void {
    this.revocations.revokeTokens(event.data);
  }
}

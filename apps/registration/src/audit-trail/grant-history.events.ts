import { Controller } from '@nestjs/common';
import { EventPattern, Payload } from '@nestjs/microservices';
import { Batches, togetherOrAlone } from '@payer/service';
import type { CloudEvent, GrantState } from '@payer/smart';
import { DataSource } from 'typeorm';
import { queueEndedGrant } from '../webhook-events/grant-webhook.js';
import { GrantHistory } from './grant-history.js';

/**
 * Consumes the grant events of consent, for the audit trail and for the webhooks of the app. New grants that
 * arrive together are one statement.
 */
@Controller()
export class GrantHistoryEvents {
  private readonly created: Batches<GrantState, void>;

  constructor(
    private readonly history: GrantHistory,
    private readonly source: DataSource,
  ) {
    this.created = new Batches(
      togetherOrAlone(
        (grants) => history.apply(grants),
        (grant) => history.apply([grant]),
      ),
      { lanes: 1, largest: 50 },
    );
  }

  @EventPattern('grant-created')
  onGrantCreated(@Payload() event: CloudEvent<'grant-created'>): Promise<void> {
    return this.created.add(event.data);
  }

  @EventPattern('grant-revoked')
  async onGrantRevoked(@Payload() event: CloudEvent<'grant-revoked'>): Promise<void> {
    await this.history.apply([event.data]);
    await queueEndedGrant(this.source, event.data);
  }
}

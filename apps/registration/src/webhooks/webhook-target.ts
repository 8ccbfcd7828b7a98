import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, isLoopbackAllowed, OutboundTarget } from '@payer/service';
import type { Config } from '../config.js';

/** Decides which addresses a webhook may reach (WEBHOOK_LOOPBACK). */
@Injectable()
export class WebhookTarget extends OutboundTarget {
  constructor(@Inject(CONFIG) config: Config) {
    super(config, isLoopbackAllowed(config.WEBHOOK_LOOPBACK, config.NODE_ENV), '/webhooks');
  }
}

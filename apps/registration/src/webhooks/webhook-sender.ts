import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, rowsOf, Sealer } from '@payer/service';
import { DataSource } from 'typeorm';
import type { Config } from '../config.js';
import { retryDelays } from './webhook-retries.js';
import { postWebhook, type WebhookOutcome } from './webhook-request.js';
import { webhookSignature } from './webhook-signature.js';
import { WebhookTarget } from './webhook-target.js';

/** Messages of one round. */
const batch = 20;
/** Seconds after which another replica takes over a message whose sender has died. */
const lease = 60;
/** Days for which a message stays in the log. */
const keptDays = 30;

interface Claimed {
  id: string;
  message_id: string;
  payload: string;
  attempts: number;
  endpoint_id: string;
  url: string;
  sealed_secret: string;
  previous_sealed_secret: string | null;
}

/** Sends the messages that are due, signed by the Standard Webhooks scheme. Replicas share the work. */
@Injectable()
export class WebhookSender {
  private readonly sealer: Sealer;

  constructor(
    private readonly source: DataSource,
    private readonly target: WebhookTarget,
    @Inject(CONFIG) config: Config,
  ) {
    this.sealer = new Sealer(config.PORTAL_SEALING_KEY);
  }

  async sendDue(): Promise<void> {
    for (;;) {
      const claimed = await this.claim();
      await Promise.all(claimed.map((message) => this.attempt(message)));
      if (claimed.length < batch) return;
    }
  }

  async forgetOld(): Promise<void> {
    await this.source.query(
      `DELETE FROM webhook_delivery
       WHERE created_at < now() - make_interval(days => ${keptDays}) AND next_attempt_at IS NULL`,
    );
  }

  private async claim(): Promise<Claimed[]> {
    return rowsOf<Claimed>(
      this.source,
      `UPDATE webhook_delivery AS delivery
       SET next_attempt_at = now() + make_interval(secs => ${lease}), attempts = attempts + 1
       FROM webhook_endpoint AS endpoint
       WHERE endpoint.id = delivery.endpoint_id AND delivery.id IN (
         SELECT id FROM webhook_delivery WHERE next_attempt_at <= now()
         ORDER BY next_attempt_at LIMIT ${batch} FOR UPDATE SKIP LOCKED)
       RETURNING delivery.id, message_id, payload, attempts, endpoint_id, url, sealed_secret,
         CASE WHEN previous_until > now() THEN previous_sealed_secret END AS previous_sealed_secret`,
    );
  }

  private async attempt(message: Claimed): Promise<void> {
    const timestamp = Math.floor(Date.now() / 1000);
    const secrets = [message.sealed_secret, message.previous_sealed_secret]
      .filter((sealed) => sealed !== null)
      .map((sealed) => this.sealer.open(sealed, message.endpoint_id));
    const headers = {
      'content-type': 'application/json',
      'user-agent': 'payer-webhooks/1.0',
      'webhook-id': message.message_id,
      'webhook-timestamp': String(timestamp),
      'webhook-signature': webhookSignature(message.message_id, timestamp, message.payload, secrets),
    };
    await this.keep(message, await postWebhook(this.target, message.url, headers, message.payload));
  }

  /** An attempt that "send again" has overtaken keeps the newer plan. */
  private async keep({ id, attempts }: Claimed, { status, error }: WebhookOutcome): Promise<void> {
    const delay = error === null ? null : (retryDelays[attempts - 1] ?? null);
    await rowsOf(
      this.source,
      `UPDATE webhook_delivery SET last_attempt_at = now(), last_status = $3, last_error = $4,
         delivered_at = CASE WHEN $4::text IS NULL THEN now() ELSE delivered_at END,
         next_attempt_at = now() + make_interval(secs => $5::float8)
       WHERE id = $1 AND attempts = $2`,
      [id, attempts, status, error, delay],
    );
  }
}

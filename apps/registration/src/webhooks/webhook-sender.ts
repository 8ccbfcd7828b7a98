import { Inject, Injectable, Logger, type OnModuleDestroy } from '@nestjs/common';
import { CONFIG, rowsOf, Sealer } from '@payer/service';
import { DataSource } from 'typeorm';
import type { Config } from '../config.js';
import { retryDelays } from './webhook-retries.js';
import { postWebhook, type WebhookOutcome } from './webhook-request.js';
import { webhookSignature } from './webhook-signature.js';
import { WebhookTarget } from './webhook-target.js';

/** The most messages under way from this process. */
const places = 40;
/** The most messages under way to one app, so to one endpoint as well: a slow receiver delays only itself. */
const placesOfApp = 2;
/** The most messages under way to the apps of one organization, which would otherwise take all places. */
const placesOfOwner = 6;
/** Seconds after which another replica takes over a message whose sender has died. */
const lease = 60;
/** Days for which a message stays in the log. */
const keptDays = 30;

interface Claimed {
  id: string;
  client_id: string;
  /** The organization, or the developer of an app without one. */
  owner: string;
  message_id: string;
  payload: string;
  attempts: number;
  endpoint_id: string;
  url: string;
  sealed_secret: string;
  previous_sealed_secret: string | null;
}

/**
 * Sends the messages that are due, signed by the Standard Webhooks scheme. Replicas share the work. Places
 * count per process, as creation limits do.
 */
@Injectable()
export class WebhookSender implements OnModuleDestroy {
  private readonly logger = new Logger('webhooks');
  private readonly sealer: Sealer;
  private readonly underWay = new Map<Claimed, Promise<void>>();
  /** The running claim. Claims of one process follow each other: each counts the attempts in progress. */
  private filling: Promise<void> = Promise.resolve();
  private isStopped = false;

  constructor(
    private readonly source: DataSource,
    private readonly target: WebhookTarget,
    @Inject(CONFIG) config: Config,
  ) {
    this.sealer = new Sealer(config.PORTAL_SEALING_KEY);
  }

  /** Begins to send what is due, as far as places are free. The end of an attempt fills its place at once. */
  async sendDue(): Promise<void> {
    const fill = this.filling.then(() => this.fill());
    this.filling = fill.catch(() => undefined);
    await fill;
  }

  /** Waits for the attempts under way, because the database connection closes next. */
  async onModuleDestroy(): Promise<void> {
    this.isStopped = true;
    await this.filling;
    await Promise.all(this.underWay.values());
  }

  private async fill(): Promise<void> {
    if (this.isStopped || this.underWay.size >= places) return;
    for (const message of await this.claim()) {
      const attempt = this.attempt(message)
        .catch((error: unknown) =>
          this.logger.error(`the outcome of a webhook was not kept: ${(error as Error).message}`),
        )
        .then(() => {
          this.underWay.delete(message);
          // A failure is no loss: the job asks again in a second.
          this.sendDue().catch(() => undefined);
        });
      this.underWay.set(message, attempt);
    }
  }

  async forgetOld(): Promise<void> {
    await this.source.query(
      `DELETE FROM webhook_delivery
       WHERE created_at < now() - make_interval(days => ${keptDays}) AND next_attempt_at IS NULL`,
    );
  }

  /** Claims the oldest due messages of each app and owner, as many as have places. */
  private async claim(): Promise<Claimed[]> {
    const busy = [...this.underWay.keys()];
    return rowsOf<Claimed>(
      this.source,
      `WITH busy AS (SELECT * FROM unnest($1::text[], $2::text[]) AS message (client_id, owner)),
       of_app AS (SELECT client_id, count(*) AS messages FROM busy GROUP BY client_id),
       of_owner AS (SELECT owner, count(*) AS messages FROM busy GROUP BY owner),
       due AS (
         SELECT delivery.id, next_attempt_at, app.client_id,
                coalesce(organization_id, owner_id)::text AS owner,
                row_number() OVER (PARTITION BY app.client_id ORDER BY next_attempt_at, delivery.id)
                  + coalesce(of_app.messages, 0) AS place_of_app
         FROM webhook_delivery AS delivery
           JOIN webhook_endpoint AS endpoint ON endpoint.id = endpoint_id
           JOIN app ON app.client_id = endpoint.client_id
           LEFT JOIN of_app ON of_app.client_id = app.client_id
         WHERE next_attempt_at <= now() AND coalesce(of_app.messages, 0) < ${placesOfApp}),
       ranked AS (
         SELECT due.*, row_number() OVER (PARTITION BY owner ORDER BY next_attempt_at, id)
                  + coalesce(of_owner.messages, 0) AS place_of_owner
         FROM due LEFT JOIN of_owner USING (owner) WHERE place_of_app <= ${placesOfApp}),
       chosen AS (
         SELECT id, client_id, owner FROM ranked WHERE place_of_owner <= ${placesOfOwner}
         ORDER BY place_of_owner, next_attempt_at LIMIT ${places - busy.length})
       UPDATE webhook_delivery AS delivery
       SET next_attempt_at = now() + make_interval(secs => ${lease}), attempts = attempts + 1
       FROM webhook_endpoint AS endpoint, chosen
       WHERE endpoint.id = delivery.endpoint_id AND chosen.id = delivery.id AND delivery.id IN (
         SELECT id FROM webhook_delivery
         WHERE id IN (SELECT id FROM chosen) AND next_attempt_at <= now() FOR UPDATE SKIP LOCKED)
       RETURNING delivery.id, chosen.client_id, chosen.owner, message_id, payload, attempts, endpoint_id, url, sealed_secret,
         CASE WHEN previous_until > now() THEN previous_sealed_secret END AS previous_sealed_secret`,
      [busy.map(({ client_id }) => client_id), busy.map(({ owner }) => owner)],
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

import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Problem, rowsOf } from '@payer/service';
import type { FastifyReply } from 'fastify';
import { DataSource } from 'typeorm';
import { z } from 'zod';
import { CreationLimits } from '../rate-limits/creation-limits.js';
import type { Actor } from '../sessions/actor.js';
import { queueWebhook } from '../webhook-events/queue-webhook.js';
import { checkEndpoint, WebhookEndpointsService } from './webhook-endpoints.service.js';

/** Messages in the log of one app. */
const logLength = 100;

/** A message to one endpoint, with the outcome of its latest attempt. */
export const webhookDeliveryView = z.object({
  id: z.string(),
  endpoint_id: z.uuid(),
  url: z.string(),
  message_id: z.string().describe('the header webhook-id'),
  type: z.string(),
  payload: z.string(),
  status: z.enum(['delivered', 'waiting', 'failed']),
  created_at: z.iso.datetime(),
  attempts: z.int(),
  next_attempt_at: z.iso.datetime().nullable(),
  last_attempt_at: z.iso.datetime().nullable(),
  last_status: z.int().nullable().describe('HTTP status of the latest answer'),
  last_error: z.string().nullable(),
});
export type WebhookDeliveryView = z.infer<typeof webhookDeliveryView>;

type Row = Omit<WebhookDeliveryView, 'created_at' | 'next_attempt_at' | 'last_attempt_at' | 'status'> & {
  created_at: Date;
  next_attempt_at: Date | null;
  last_attempt_at: Date | null;
  delivered_at: Date | null;
};

/** The log of an app's webhooks, and messages on request: a test, and an old message again. */
@Injectable()
export class WebhookLogService {
  constructor(
    private readonly source: DataSource,
    private readonly endpoints: WebhookEndpointsService,
    private readonly limits: CreationLimits,
  ) {}

  /** The newest 100 messages. @throws Problem 404 */
  async list(actor: Actor, clientId: string): Promise<WebhookDeliveryView[]> {
    await this.endpoints.checkApp(this.source.manager, actor, clientId, 'see');
    const rows = await rowsOf<Row>(
      this.source,
      `SELECT delivery.id::text, endpoint_id, endpoint.url, message_id, type, payload, delivery.created_at, attempts,
              next_attempt_at, last_attempt_at, delivered_at, last_status, last_error
       FROM webhook_delivery AS delivery JOIN webhook_endpoint AS endpoint ON endpoint.id = endpoint_id
       WHERE client_id = $1 ORDER BY delivery.id DESC LIMIT ${logLength}`,
      [clientId],
    );
    return rows.map(({ delivered_at, ...row }) => ({
      ...row,
      status: row.next_attempt_at ? 'waiting' : delivered_at ? 'delivered' : 'failed',
      created_at: row.created_at.toISOString(),
      next_attempt_at: row.next_attempt_at?.toISOString() ?? null,
      last_attempt_at: row.last_attempt_at?.toISOString() ?? null,
    }));
  }

  /** Queues a test for one endpoint. @throws Problem 404; TooManyRequests */
  async sendTest(actor: Actor, clientId: string, endpointId: string, reply: FastifyReply): Promise<void> {
    await this.endpoints.checkApp(this.source.manager, actor, clientId, 'develop');
    await checkEndpoint(this.source.manager, clientId, endpointId);
    this.limits.takeWebhook(clientId, reply);
    await queueWebhook(this.source.manager, {
      type: 'webhook.test',
      client_id: clientId,
      data: {},
      cause: randomUUID(),
      endpoint: endpointId,
    });
  }

  /**
   * Sends a message again now, with its id and payload, and retries it as a new one. The receiver recognizes
   * a repeated message by its id.
   * @throws Problem 404 when the app has no such message; TooManyRequests
   */
  async sendAgain(actor: Actor, clientId: string, deliveryId: string, reply: FastifyReply): Promise<void> {
    await this.endpoints.checkApp(this.source.manager, actor, clientId, 'develop');
    this.limits.takeWebhook(clientId, reply);
    const sent = /^\d{1,18}$/.test(deliveryId)
      ? await rowsOf(
          this.source,
          `UPDATE webhook_delivery SET next_attempt_at = now(), attempts = 0, delivered_at = NULL
           WHERE id = $1 AND endpoint_id IN (SELECT id FROM webhook_endpoint WHERE client_id = $2) RETURNING 1`,
          [deliveryId, clientId],
        )
      : [];
    if (sent.length === 0)
      throw new Problem(404, 'webhook_message_not_found', 'The app has no such message in its log.');
  }
}

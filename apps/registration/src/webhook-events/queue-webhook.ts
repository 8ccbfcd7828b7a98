import { sha256, type Queryable } from '@payer/service';
import type { auditActions } from '@payer/smart';
import type { WebhookType } from './webhook-types.js';

/** An event for the endpoints of one app. */
export interface WebhookEvent {
  type: WebhookType;
  client_id: string;
  /** Data of the payload besides `client_id`. Contains nothing about a member. */
  data: Record<string, unknown>;
  /** Identifies the cause: the same cause is queued once per endpoint, however often it is reported. */
  cause: string;
  /** Only this endpoint, instead of all endpoints that chose the type. */
  endpoint?: string;
}

/**
 * Queues an event for the endpoints that chose its type, in the transaction of its cause. The id of the
 * message follows from the cause, so a repeated report of one cause changes nothing.
 */
export async function queueWebhook(db: Queryable, event: WebhookEvent): Promise<void> {
  const { type, client_id, data, cause, endpoint } = event;
  const messageId = `msg_${sha256(`${type} ${client_id} ${cause}`).slice(0, 32)}`;
  const payload = JSON.stringify({ type, timestamp: new Date().toISOString(), data: { client_id, ...data } });
  await db.query(
    `INSERT INTO webhook_delivery (endpoint_id, message_id, type, payload)
     SELECT endpoint.id, $1, $2, $3 FROM webhook_endpoint AS endpoint
     JOIN app ON app.client_id = endpoint.client_id AND app.status <> 'deleted'
     WHERE endpoint.client_id = $4
       AND CASE WHEN $5::uuid IS NULL THEN $2 = ANY(endpoint.types) ELSE endpoint.id = $5 END
     ON CONFLICT (endpoint_id, message_id) DO NOTHING`,
    [messageId, type, payload, client_id, endpoint ?? null],
  );
}

type RegistrationAction = (typeof auditActions.registration)[number];

/** The webhook of each audited change of an app. Other changes send none. */
const webhookOfAction: Partial<Record<RegistrationAction, { type: WebhookType; data?: object }>> = {
  'production-approved': {
    type: 'production.decided',
    data: { subject: 'production-request', decision: 'approved' },
  },
  'production-changes-requested': {
    type: 'production.decided',
    data: { subject: 'production-request', decision: 'changes-requested' },
  },
  'production-rejected': {
    type: 'production.decided',
    data: { subject: 'production-request', decision: 'rejected' },
  },
  'app-change-approved': {
    type: 'production.decided',
    data: { subject: 'app-change', decision: 'approved' },
  },
  'app-change-rejected': {
    type: 'production.decided',
    data: { subject: 'app-change', decision: 'rejected' },
  },
  'app-suspended': { type: 'app.suspended' },
  'app-reinstated': { type: 'app.reinstated' },
};

/** Queues the webhook of a change of an app, if the change has one. */
export async function queueWebhookOfChange(
  db: Queryable,
  app: { client_id: string; version: number },
  action: RegistrationAction,
  detail: Record<string, unknown>,
): Promise<void> {
  const webhook = webhookOfAction[action];
  if (!webhook) return;
  const words = ['reason', 'note'].flatMap((name) => (detail[name] ? [[name, detail[name]]] : []));
  await queueWebhook(db, {
    type: webhook.type,
    client_id: app.client_id,
    data: { ...webhook.data, ...Object.fromEntries(words) },
    cause: `${action} ${app.version}`,
  });
}

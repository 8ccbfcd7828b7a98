import { createHmac, randomBytes } from 'node:crypto';

/** Standard Webhooks 1.0: `whsec_` and the base64 of the key. 256 random bits. */
export const newWebhookSecret = (): string => `whsec_${randomBytes(32).toString('base64')}`;

/**
 * The signature of a message (Standard Webhooks 1.0, symmetric scheme `v1`): HMAC-SHA-256 of
 * `id.timestamp.payload`, base64.
 * @param timestamp seconds since 1970
 * @param secrets each adds one signature, so that a receiver can change its secret without an outage
 */
export function webhookSignature(
  messageId: string,
  timestamp: number,
  payload: string,
  secrets: readonly string[],
): string {
  return secrets
    .map((secret) => {
      const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
      return `v1,${createHmac('sha256', key).update(`${messageId}.${timestamp}.${payload}`).digest('base64')}`;
    })
    .join(' ');
}

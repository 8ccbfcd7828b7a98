import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { onNoAnswer } from '@payer/service';
import type { WebhookTarget } from './webhook-target.js';

/** The outcome of one attempt: the status of the answer, or the reason why there was none. */
export interface WebhookOutcome {
  status: number | null;
  error: string | null;
}

/** Milliseconds until the answer must be there. */
const patience = 15_000;

/**
 * Posts one message. Follows no redirect, reads no body of the answer, and connects only to addresses that
 * the target allows. Never throws.
 */
export function postWebhook(
  target: WebhookTarget,
  url: string,
  headers: Record<string, string>,
  body: string,
): Promise<WebhookOutcome> {
  const refusal = target.refusalOf(url);
  if (refusal) return Promise.resolve({ status: null, error: `The URL ${refusal}.` });
  const send = new URL(url).protocol === 'https:' ? httpsRequest : httpRequest;
  return new Promise((resolve) => {
    const failed = (error: Error) => resolve({ status: null, error: reasonOf(error) });
    const request = send(
      url,
      {
        method: 'POST',
        agent: false,
        lookup: target.lookup as never,
        signal: AbortSignal.timeout(patience),
        headers: { ...headers, 'content-length': String(Buffer.byteLength(body)) },
      },
      (response) => {
        const status = response.statusCode ?? 0;
        response.destroy();
        const isDelivered = status >= 200 && status < 300;
        resolve({ status, error: isDelivered ? null : `The receiver answered ${status}.` });
      },
    );
    onNoAnswer(request, failed);
    request.end(body);
  });
}

function reasonOf(error: Error & { code?: string }): string {
  if (error.name === 'TimeoutError' || error.name === 'AbortError')
    return `No answer came within ${patience / 1000} seconds.`;
  if (error.name === 'InnerAddress') return `Not sent: ${error.message}.`;
  return `The connection failed: ${error.code ?? error.message}.`;
}

import type { FastifyReply } from 'fastify';

/** Answers the script of a passkey's form with the options for the browser. */
export const sendOptions = (reply: FastifyReply, options: object) => sendJson(reply, 200, options);

/** Answers the script of a passkey's form with a sentence for the person. */
export const sendDetail = (reply: FastifyReply, status: number, detail: string) =>
  sendJson(reply, status, { detail });

const sendJson = (reply: FastifyReply, status: number, body: object) =>
  reply
    .code(status)
    .header('cache-control', 'no-store')
    .type('application/json; charset=utf-8')
    .send(JSON.stringify(body));

/**
 * The browser's answer in the hidden field of a passkey's form. Undefined when the script did not fill it.
 */
export function credentialOf(field: unknown): unknown {
  try {
    return typeof field === 'string' && field !== '' ? JSON.parse(field) : undefined;
  } catch {
    return undefined;
  }
}

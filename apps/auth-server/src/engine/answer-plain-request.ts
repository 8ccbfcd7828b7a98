import type { FastifyReply, FastifyRequest } from 'fastify';
import { giveBack, mayBePlain, readBody } from './plain-form.js';
import type { PlainTokenRequests } from './plain-token-requests.js';

/**
 * Answers a request at the token endpoint if it is plain.
 * @returns false when the engine must answer it; the engine can then read the body
 */
export async function answerPlainRequest(
  plain: PlainTokenRequests,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<boolean> {
  const { raw } = request;
  if (!mayBePlain(raw)) return false;
  const body = await readBody(raw).catch(() => undefined);
  if (!body) {
    // The client has gone.
    reply.hijack();
    reply.raw.destroy();
    return true;
  }
  const answer = await plain.answer(raw, body);
  if (!answer) {
    giveBack(raw, body);
    return false;
  }
  reply.hijack();
  const headers = reply.getHeaders() as Record<string, string>;
  for (const [name, value] of Object.entries(answer.headers))
    headers[name] = headers[name] && name.startsWith('ratelimit') ? `${headers[name]}, ${value}` : value;
  headers['content-length'] = String(Buffer.byteLength(answer.body));
  reply.raw.writeHead(answer.status, headers);
  reply.raw.end(answer.body);
  return true;
}

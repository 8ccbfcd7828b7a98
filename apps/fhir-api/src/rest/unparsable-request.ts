import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { isUnused } from '@payer/service';
import { errorAnswer } from './error-answer.js';
import { commonHeaders } from './security-headers.js';

/**
 * Answers a request that is not HTTP or is too long, before Fastify has a request: an OperationOutcome, then
 * the end of the connection.
 */
export function answerUnparsable(error: Error & { code?: string }, socket: Socket): void {
  if (isUnused(error, socket)) return;
  // A second answer must not follow an answer that has already begun.
  const begun = (socket as { _httpMessage?: { headersSent?: boolean } | null })._httpMessage?.headersSent;
  if (error.code === 'ECONNRESET' || !socket.writable || begun) return void socket.destroy();
  const { status, headers, body = '' } = answerTo(error.code);
  const head = {
    ...commonHeaders,
    ...headers,
    'content-length': Buffer.byteLength(body),
    connection: 'close',
  };
  const lines = Object.entries(head).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join('')}\r\n${body}`);
}

function answerTo(code: string | undefined) {
  if (code === 'HPE_HEADER_OVERFLOW')
    return errorAnswer(
      431,
      'too-long',
      'The address and the headers of the request are longer than this server reads. Send a long search with POST to [type]/_search, its parameters as a form.',
    );
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT')
    return errorAnswer(408, 'timeout', 'The request did not arrive whole in time.');
  return errorAnswer(400, 'structure', 'The request is not valid HTTP/1.1.');
}

import { Agent, request as send } from 'node:http';
import { performance } from 'node:perf_hooks';
import type { FuzzRequest } from './request.js';

/** Milliseconds after which an answer is too late. */
export const latest = 5000;
/** A line of a stack, or the path of a source file: an answer must not show them. */
const stackPattern = /\n\s+at .+\(.+:\d+:\d+\)|node_modules\/|\/dist\/[\w/-]+\.js|\.ts:\d+:\d+/;
const agent = new Agent({ keepAlive: true, maxSockets: 64 });

export interface Outcome {
  status: number;
  milliseconds: number;
  /** The rule that the answer breaks. */
  broken?: string;
  /** Whether no answer came in time. */
  late?: boolean;
}

/**
 * Sends one request and holds its answer to the rules. An address that no client can send counts as not sent.
 */
export async function outcomeOf({ method, url, headers, body }: FuzzRequest): Promise<Outcome | undefined> {
  const begun = performance.now();
  const target = /^(https?:\/\/[^/]+)(\/[\x21-\x7e]*)$/.exec(url);
  if (!target) return undefined;
  const { hostname, port } = new URL(target[1]!);
  try {
    const { status, text } = await new Promise<{ status: number; text: string }>((resolve, reject) => {
      const request = send(
        {
          agent,
          hostname,
          port,
          path: target[2],
          method,
          headers: {
            ...headers,
            ...(body === undefined ? {} : { 'content-length': Buffer.byteLength(body) }),
          },
          timeout: latest,
        },
        (answer) => {
          const chunks: Buffer[] = [];
          answer.on('data', (chunk: Buffer) => chunks.push(chunk));
          answer.on('end', () =>
            resolve({ status: answer.statusCode ?? 0, text: Buffer.concat(chunks).toString('latin1') }),
          );
          answer.on('error', reject);
        },
      );
      request.on('timeout', () => request.destroy(new Error(`no answer within ${latest} ms`)));
      request.on('error', reject);
      request.end(body);
    });
    const milliseconds = performance.now() - begun;
    const broken =
      status >= 500
        ? `status ${status}: ${text.slice(0, 300)}`
        : stackPattern.test(text)
          ? `shows a stack: ${stackPattern.exec(text)?.[0]}`
          : undefined;
    return { status, milliseconds, broken };
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    // A server may close a connection whose body it refused, while the client still sends.
    if (code === 'ECONNRESET' || code === 'EPIPE')
      return { status: 0, milliseconds: performance.now() - begun };
    if (code?.startsWith('ERR_')) return undefined;
    const milliseconds = performance.now() - begun;
    return { status: 0, milliseconds, broken: message, late: milliseconds >= latest };
  }
}

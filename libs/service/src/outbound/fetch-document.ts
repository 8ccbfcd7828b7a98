import { request as httpRequest, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { onNoAnswer } from './no-answer.js';
import type { OutboundTarget } from './outbound-target.js';

/** A document of a URL that a developer has chosen. */
export interface FetchedDocument {
  text: string;
  headers: IncomingHttpHeaders;
}

export interface FetchDocumentOptions {
  accept: string;
  /** Milliseconds until the whole document must have arrived. */
  timeout: number;
  maxBytes: number;
  /** An additional certificate authority, PEM. */
  ca?: string;
}

/** The part of {@link OutboundTarget} that decides about a request. */
export type TargetRules = Pick<OutboundTarget, 'refusalOf' | 'lookup'>;

/**
 * Gets a small document. Connects only to addresses that the target allows, and follows no redirect.
 * @throws Error that says what failed
 */
export async function fetchDocument(
  target: TargetRules,
  url: string,
  options: FetchDocumentOptions,
): Promise<FetchedDocument> {
  const { bytes, headers } = await fetchBytes(target, url, options);
  return { text: bytes.toString('utf8'), headers };
}

/** As {@link fetchDocument}, for a document that is no text. */
export function fetchBytes(
  target: TargetRules,
  url: string,
  { accept, timeout, maxBytes, ca }: FetchDocumentOptions,
): Promise<{ bytes: Buffer; headers: IncomingHttpHeaders }> {
  const refusal = target.refusalOf(url);
  if (refusal) return Promise.reject(new Error(`the URL ${refusal}`));
  const get = new URL(url).protocol === 'https:' ? httpsRequest : httpRequest;
  return new Promise((resolve, reject) => {
    const request = get(
      url,
      {
        method: 'GET',
        agent: false,
        lookup: target.lookup as never,
        signal: AbortSignal.timeout(timeout),
        headers: { accept, 'accept-encoding': 'identity' },
        ...(ca ? { ca } : {}),
      },
      (response) => {
        bytesOf(response, maxBytes).then((bytes) => resolve({ bytes, headers: response.headers }), reject);
      },
    );
    onNoAnswer(request, (error) =>
      reject(error.name === 'AbortError' ? new Error(`no answer came within ${timeout} ms`) : error),
    );
    request.end();
  });
}

/** @throws Error when the answer is not 200 or too long */
async function bytesOf(response: IncomingMessage, maxBytes: number): Promise<Buffer> {
  try {
    if (response.statusCode !== 200) throw new Error(`the answer was ${response.statusCode}, not 200`);
    const chunks: Buffer[] = [];
    let length = 0;
    for await (const chunk of response as AsyncIterable<Buffer>) {
      length += chunk.length;
      if (length > maxBytes) throw new Error(`the document has more than ${maxBytes} bytes`);
      chunks.push(chunk);
    }
    return Buffer.concat(chunks);
  } finally {
    response.destroy();
  }
}

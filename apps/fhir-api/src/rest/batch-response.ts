import { STATUS_CODES } from 'node:http';
import type { Answer } from '../answer.js';

/** The answer of one entry, with the full URL of the resource that it read. */
export interface EntryAnswer {
  answer: Answer;
  fullUrl?: string;
}

/**
 * Writes the answers as a batch-response Bundle, in the order of the requests (FHIR R4 §3.1.0.11.2). A failed
 * entry has its OperationOutcome in `response.outcome`.
 */
export function batchResponse(answers: readonly EntryAnswer[]): Buffer {
  const parts: (string | Buffer)[] = ['{"resourceType":"Bundle","type":"batch-response"'];
  for (const [i, { answer, fullUrl }] of answers.entries()) {
    parts.push(i === 0 ? ',"entry":[{' : ',{');
    const { body } = answer;
    const isResource = answer.status < 300 && body !== undefined;
    if (isResource) {
      if (fullUrl !== undefined) parts.push(`"fullUrl":${JSON.stringify(fullUrl)},`);
      parts.push('"resource":', body, ',');
    }
    parts.push('"response":', responseOf(answer));
    if (!isResource && body !== undefined) parts.push(',"outcome":', body);
    parts.push('}}');
  }
  parts.push(answers.length > 0 ? ']}' : '}');
  return Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : part)));
}

/** The `response` of an entry, without its closing brace. */
function responseOf({ status, headers }: Answer): string {
  const { etag, 'last-modified': lastModified } = headers;
  return JSON.stringify({
    status: `${status} ${STATUS_CODES[status] ?? ''}`.trim(),
    ...(etag === undefined ? {} : { etag }),
    ...(lastModified === undefined ? {} : { lastModified: new Date(lastModified).toISOString() }),
  }).slice(0, -1);
}

import { Refusal } from '../gateway/refusal.js';

/** First and last byte, both included. */
export interface ByteRange {
  start: number;
  end: number;
}

/**
 * The range that a request asks for (RFC 9110 §14.2). Undefined means the whole file: without a `Range`, with
 * several ranges or another unit, and when `If-Range` names another representation.
 * @param etag strong
 * @throws Refusal 416 when the range begins after the last byte
 */
export function rangeAsked(
  { range, 'if-range': condition }: { range?: string; 'if-range'?: string | string[] },
  size: number,
  etag: string,
): ByteRange | undefined {
  const match = /^bytes=(\d*)-(\d*)$/.exec(range?.trim() ?? '');
  if (!match || (match[1] === '' && match[2] === '')) return undefined;
  if (condition !== undefined && condition !== etag) return undefined;
  const [, from = '', to = ''] = match;
  const start = from === '' ? Math.max(0, size - Number(to)) : Number(from);
  const end = from === '' || to === '' ? size - 1 : Math.min(Number(to), size - 1);
  if (from !== '' && to !== '' && Number(to) < start) return undefined;
  if (start >= size || (from === '' && Number(to) === 0))
    throw new Refusal({
      status: 416,
      issueCode: 'invalid',
      text: `The range is outside the file, which has ${size} bytes.`,
      headers: { 'content-range': `bytes */${size}` },
    });
  return { start, end };
}

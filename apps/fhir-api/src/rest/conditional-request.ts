import type { IncomingHttpHeaders } from 'node:http';

/**
 * Whether the client's copy is current (RFC 9110 §13.1.2, §13.1.3). `If-None-Match` takes precedence and is
 * compared weakly. Otherwise `If-Modified-Since` decides, to the second.
 *
 * @param lastModified HTTP date, as sent in `Last-Modified`
 */
export function isUnchanged(headers: IncomingHttpHeaders, etag: string, lastModified: string): boolean {
  const match = headers['if-none-match'];
  if (match !== undefined) {
    const opaque = (tag: string) => tag.trim().replace(/^W\//, '');
    return match.trim() === '*' || match.split(',').some((tag) => opaque(tag) === opaque(etag));
  }
  const since = headers['if-modified-since'];
  return since !== undefined && httpDate.test(since) && Date.parse(lastModified) <= Date.parse(since);
}

/** The three date formats of RFC 9110 §5.6.7. Other values are ignored. */
const httpDate =
  /^(?:[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT|[A-Z][a-z]{5,8}, \d{2}-[A-Z][a-z]{2}-\d{2} \d{2}:\d{2}:\d{2} GMT|[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d{2}:\d{2}:\d{2} \d{4})$/;

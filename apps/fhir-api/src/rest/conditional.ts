import type { IncomingHttpHeaders } from 'node:http';

/**
 * Whether the client's copy is still good (RFC 9110 §13.1.2, §13.1.3): `If-None-Match` decides when it is there,
 * compared weakly; else `If-Modified-Since`, to the second.
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
  return since !== undefined && Date.parse(lastModified) <= Date.parse(since);
}

import type { Text } from '../postgres/database.js';
import { concat, type Pauses } from './concat.js';

/** A version of a resource, or its deletion. */
export interface HistoryEntry {
  version: number;
  lastUpdated: Date;
  /** The JSON of the version; null for a deletion. */
  body: Text | null;
}

/** A page of the history of one resource. */
export interface HistoryPage {
  baseUrl: string;
  type: string;
  id: string;
  /** Versions and deletions that the request asks for, on all pages. */
  total: number;
  /** Links by their relation. */
  links: { relation: string; url: string }[];
  /** The newest first. */
  entries: readonly HistoryEntry[];
}

/**
 * Writes a page as a history Bundle (FHIR R4 §3.1.0.11). Each entry says how the version came about. A loader
 * names the id of a resource, so it creates a resource by PUT, too.
 */
export function historyBundle(page: HistoryPage, pauses: Pauses): Promise<Text> {
  const { baseUrl, type, id, total, links, entries } = page;
  const url = `${type}/${id}`;
  const fullUrl = JSON.stringify(`${baseUrl}/${url}`);
  const parts: Text[] = [
    `{"resourceType":"Bundle","type":"history","total":${total},"link":${JSON.stringify(links)}`,
  ];
  let separator = ',"entry":[';
  for (const { version, lastUpdated, body } of entries) {
    parts.push(`${separator}{"fullUrl":${fullUrl}`);
    if (body !== null) parts.push(',"resource":', body);
    const isFirst = body !== null && version === 1;
    const request = { method: body === null ? 'DELETE' : 'PUT', url };
    const response = {
      status: body === null ? '204' : isFirst ? '201' : '200',
      ...(body === null ? {} : { etag: `W/"${version}"` }),
      lastModified: lastUpdated.toISOString(),
    };
    parts.push(`,"request":${JSON.stringify(request)},"response":${JSON.stringify(response)}}`);
    separator = ',';
  }
  parts.push(entries.length > 0 ? ']}' : '}');
  return concat(parts, pauses);
}

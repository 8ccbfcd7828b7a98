/**
 * An HTTP answer before it is compressed and sent. The answer that is sent belongs to one request and then
 * loses its body (`take` of the store says why). So a step adds to an answer with data, and makes no copy.
 */
export interface Answer {
  status: number;
  headers: Record<string, string>;
  body: string | Buffer | undefined;
  /** A body that is sent part by part, in place of `body`. `headers` has its length. */
  stream?: AsyncIterable<Buffer>;
  /** Called when the response is closed, sent or not. It frees the resources of the answer. */
  ended?: () => void;
  /** Number of stored resources in the body, for the access record. Zero when absent. */
  resources?: number;
  /** The compressed body, if it was already made in a content coding that the client accepts. */
  encoded?: { coding: string; body: Buffer } | undefined;
}

/** Forbids caches to serve member data without a new request with the same token (RFC 9111 §5.2.2). */
export const revalidate = 'private, no-cache';
export const neverStored = 'no-store';

/** The media type of every FHIR answer, which is the only representation here (FHIR R4 §3.1.1.8). */
export const fhirJson = 'application/fhir+json; charset=utf-8';

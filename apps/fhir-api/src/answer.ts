/** An HTTP answer before it is compressed and sent. */
export interface Answer {
  status: number;
  headers: Record<string, string>;
  body: string | Buffer | undefined;
  /** Stored resources in the body, for the record of the access; none when absent. */
  resources?: number;
  /** The body in a content coding that the client accepts, where it was made already. */
  encoded?: { coding: string; body: Buffer };
}

/** Member data stays out of every cache that does not ask again with the same token (RFC 9111 §5.2.2). */
export const revalidate = 'private, no-cache';
export const neverStored = 'no-store';

/** The media type of every FHIR answer: its one representation (FHIR R4 §3.1.1.8), by its own name. */
export const fhirJson = 'application/fhir+json; charset=utf-8';

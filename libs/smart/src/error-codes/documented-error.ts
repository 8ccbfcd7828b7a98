/** A part of the platform that answers with errors. */
export type ErrorSource = 'authorization' | 'token' | 'registration' | 'fhir' | 'portal';

/** Documentation of one error code of one part: its causes and their fixes. */
export interface DocumentedError {
  code: string;
  source: ErrorSource;
  /** HTTP statuses of the error; empty when it is sent in a redirect. */
  statuses: readonly number[];
  /** Pairs of a cause and its fix, in plain sentences. */
  causes: readonly { cause: string; fix: string }[];
}

/**
 * Address of an error's page in the documentation.
 * @param portalUrl without a trailing slash
 */
export const errorPage = (portalUrl: string, code: string): string =>
  `${portalUrl}/docs/errors/${encodeURIComponent(code)}`;

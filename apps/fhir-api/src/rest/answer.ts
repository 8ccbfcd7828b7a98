import type { FhirError } from '../fhir-error.js';
import { Refusal } from '../gateway/refusal.js';
import { fhirJson } from './media-type.js';

/** An HTTP answer before it is compressed and sent. */
export interface Answer {
  status: number;
  headers: Record<string, string>;
  body: string | undefined;
}

/** Member data stays out of every cache that does not ask again with the same token (RFC 9111 §5.2.2). */
export const revalidate = 'private, no-cache';
export const neverStored = 'no-store';

/** An OperationOutcome with one issue (FHIR R4 §3.1.0.1.8): the answer to everything that does not succeed. */
export function outcome(issueCode: string, text: string, expression?: string): string {
  return JSON.stringify({
    resourceType: 'OperationOutcome',
    issue: [
      {
        severity: 'error',
        code: issueCode,
        details: { text },
        diagnostics: text,
        ...(expression === undefined ? {} : { expression: [expression] }),
      },
    ],
  });
}

export function errorAnswer(
  status: number,
  issueCode: string,
  text: string,
  headers: Record<string, string> = {},
  expression?: string,
): Answer {
  return {
    status,
    headers: { 'content-type': fhirJson, 'cache-control': neverStored, ...headers },
    body: outcome(issueCode, text, expression),
  };
}

export function refusalAnswer(refusal: Refusal): Answer {
  return errorAnswer(refusal.status, refusal.issueCode, refusal.message, refusal.headers);
}

export function fhirErrorAnswer(error: FhirError): Answer {
  return errorAnswer(error.status, error.issueCode, error.diagnostics, {}, error.expression);
}

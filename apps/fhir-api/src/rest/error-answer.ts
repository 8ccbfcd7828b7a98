import { type FhirError, prettyJson } from '@payer/fhir-store';
import { type Answer, fhirJson, neverStored } from '../answer.js';

/**
 * An OperationOutcome with one issue (FHIR R4 §2.27), the body of every failed request.
 * @param parameter name of the parameter at fault. It appears in `location` with the prefix `http.`, because
 * an `expression` would be an element of a sent resource.
 */
export function outcome(issueCode: string, text: string, parameter?: string): string {
  return JSON.stringify({
    resourceType: 'OperationOutcome',
    issue: [
      {
        severity: 'error',
        code: issueCode,
        details: { text },
        diagnostics: text,
        ...(parameter ? { location: [`http.${parameter}`] } : {}),
      },
    ],
  });
}

/** Formats the body for people if `_pretty` asks for it (FHIR R4 §3.1.0.1.8). */
export function pretty(answer: Answer, asked: string | null): Answer {
  return asked === 'true' && answer.body !== undefined
    ? { ...answer, body: prettyJson(String(answer.body)) }
    : answer;
}

export function errorAnswer(
  status: number,
  issueCode: string,
  text: string,
  headers: Readonly<Record<string, string>> = {},
  parameter?: string,
): Answer {
  return {
    status,
    headers: { 'content-type': fhirJson, 'cache-control': neverStored, ...headers },
    body: outcome(issueCode, text, parameter),
  };
}

/** The answer to an error of the gateway, of the routes or of the store. */
export const answerOf = ({ status, issueCode, diagnostics, headers, parameter }: FhirError): Answer =>
  errorAnswer(status, issueCode, diagnostics, headers, parameter);

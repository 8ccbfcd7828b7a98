import { z } from 'zod';
import type { DocumentedError } from './error-codes/documented-error.js';
import { grantErrors } from './error-codes/grant-errors.js';
import { oauthErrors } from './error-codes/oauth-errors.js';
import { fhirErrors } from './error-codes/fhir-errors.js';
import { isSynthetic, type Environment } from './environments.js';
import { requestKinds, type RequestKind } from './request-records.js';

/*
 * Levers: a developer makes the platform answer an app with an error, or ends a grant or a token of the app,
 * to test how the app reacts. Levers exist only where no real member is (decision 81).
 */

/** Whether the developers of an app may use levers in an environment. */
export const hasLevers = (environment: Environment): boolean => isSynthetic(environment);

/** Header of an answer that a lever caused. Its value is the id of the lever. */
export const leverHeader = 'x-sandbox-lever';

/** Seconds for which a lever waits for its request. */
export const leverLifetime = 3600;

/** The most ended grants that the state of an app lists. The newest are listed. */
export const maxEndedGrants = 50;

/** An error that answers the next request of an app at one endpoint, once over all replicas. */
export const nextError = z.object({
  id: z.uuid().describe('of the lever; each id causes one answer'),
  endpoint: z.enum(requestKinds).describe('the kind of request that it answers'),
  error: z.string().describe('a documented error code of this endpoint'),
  expires_at: z.iso.datetime().describe('when the lever ends without a request'),
});
export type NextError = z.infer<typeof nextError>;

/** The levers of an app. They are valid in the sandbox only. */
export const appLevers = z.object({
  next_errors: z.array(nextError).max(requestKinds.length).describe('at most one for each endpoint'),
  ended_grants: z
    .array(z.string())
    .max(maxEndedGrants)
    .describe('ids of grants of the app that its developer has ended'),
});
export type AppLevers = z.infer<typeof appLevers>;

const errorsOf = (endpoint: RequestKind): readonly DocumentedError[] =>
  [...oauthErrors, ...grantErrors, ...fhirErrors].filter(({ source }) => source === endpoint);

/** The errors that a lever can cause, by endpoint: every documented error of the endpoint. */
export const leverErrors: Record<RequestKind, readonly DocumentedError[]> = {
  authorization: errorsOf('authorization'),
  token: errorsOf('token'),
  fhir: errorsOf('fhir'),
};

/** The documentation of the error, or undefined when the endpoint has no such error. */
export const leverError = (endpoint: RequestKind, code: string): DocumentedError | undefined =>
  leverErrors[endpoint].find((documented) => documented.code === code);

/**
 * Text of an answer that a lever caused, for the developer. Printable ASCII without quotes and backslashes,
 * as `error_description` must be (RFC 6749 §5.2).
 */
export function leverText({ causes: [first] }: DocumentedError): string {
  const usual = (first?.cause ?? '').replaceAll('’', "'").replace(/[^\x20-\x21\x23-\x5b\x5d-\x7e]/g, '?');
  return `A developer of the app asked for this error in the developer portal. Its usual cause: ${usual}`;
}

/** The error that answers the app's next request, if one waits. */
export function waitingError(
  levers: AppLevers | null | undefined,
  environment: Environment,
  endpoint: RequestKind,
  now = Date.now(),
): NextError | undefined {
  if (!levers || !hasLevers(environment)) return undefined;
  return levers.next_errors.find(
    (waiting) => waiting.endpoint === endpoint && Date.parse(waiting.expires_at) > now,
  );
}

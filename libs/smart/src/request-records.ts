import { z } from 'zod';
import { environments } from './environments.js';

export const requestKinds = ['authorization', 'token', 'fhir'] as const;
export type RequestKind = (typeof requestKinds)[number];

/**
 * One request of an app. In production it contains nothing about a member: no parameter, no id, no text of an
 * answer.
 */
export const requestRecord = z.object({
  at: z.iso.datetime().describe('when it was answered'),
  kind: z.enum(requestKinds).describe('which part of the platform it went to'),
  method: z.string().describe('HTTP method'),
  path: z
    .string()
    .describe(
      'below the issuer or the FHIR base; with its query in the sandbox, without any id in production',
    ),
  status: z.number().int().describe('HTTP status of the answer'),
  duration_ms: z.number().int().nullable().describe('milliseconds; null when it was not measured'),
  request_id: z.string().nullable().describe('X-Request-Id of the answer'),
  error: z.string().nullable().describe('OAuth error code or FHIR issue code; null when it was served'),
  detail: z.string().nullable().describe('what was wrong, in words; sandbox only for FHIR requests'),
  lever: z.string().nullish().describe('id of the lever that caused the answer; absent when none did'),
});
export type RequestRecord = z.infer<typeof requestRecord>;

/** The requests of one app within a few seconds, batched to avoid one event per request. */
export const requestBatch = z
  .object({
    id: z.string().describe('of this batch'),
    version: z.number().int().describe('always 1'),
    service: z.string().describe('who answered them'),
    environment: z.enum(environments).describe('where the requests were made'),
    client_id: z.string().describe('the app'),
    requests: z.array(requestRecord).max(100).describe('in order; at most 100'),
    skipped: z.number().int().describe('requests of the same time that are not listed'),
  })
  .meta({ title: 'RequestBatch', description: 'Requests of one app, for its developer' });
export type RequestBatch = z.infer<typeof requestBatch>;

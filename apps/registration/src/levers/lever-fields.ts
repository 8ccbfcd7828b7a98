import { leverError, leverErrors, nextError, requestKinds } from '@payer/smart';
import { z } from 'zod';

/** Body of `POST /api/apps/:client_id/levers/next-errors`. */
export const nextErrorBody = z
  .object({
    endpoint: z.enum(requestKinds, `must be one of ${requestKinds.join(', ')}`),
    error: z.string('must be an error code').max(100, 'must be a documented error code'),
  })
  .superRefine(({ endpoint, error }, context) => {
    if (leverError(endpoint, error)) return;
    const codes = leverErrors[endpoint].map(({ code }) => code).join(', ');
    context.addIssue({
      code: 'custom',
      path: ['error'],
      message: `must be an error of ${endpoint} requests: ${codes}`,
    });
  });
export type NextErrorBody = z.infer<typeof nextErrorBody>;

/** Body of `POST /api/apps/:client_id/levers/ended-grants`. */
export const endedGrantBody = z.object({
  grant_id: z.string('must be the id of a grant').min(1, 'must not be empty').max(100, 'must be a grant id'),
});

/** Body of `POST /api/apps/:client_id/levers/expired-tokens`. */
export const expiredTokenBody = z.object({
  access_token: z
    .string('must be an access token')
    .trim()
    .min(1, 'must not be empty')
    .max(10_000, 'must be an access token'),
});

/** A live grant of the app in the sandbox. */
const leverGrant = z.object({
  grant_id: z.string(),
  patient: z.string().describe('id of the synthetic Patient'),
  created_at: z.date(),
  expires_at: z.date(),
});
export type LeverGrant = z.infer<typeof leverGrant>;

/** The levers of an app. */
export const leversView = z.object({
  next_errors: z.array(nextError).describe('errors that wait for their request'),
  grants: z.array(leverGrant).describe('live grants in the sandbox, newest first; at most 50'),
  errors: z
    .record(z.enum(requestKinds), z.array(z.string()))
    .describe('the errors that can be asked for, by endpoint'),
});
export type LeversView = z.infer<typeof leversView>;

export const expiredToken = z.object({
  jti: z.string().describe('id of the token'),
  grant_id: z.string().nullable(),
});
export type ExpiredToken = z.infer<typeof expiredToken>;

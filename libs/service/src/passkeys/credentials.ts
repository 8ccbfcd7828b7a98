import type { AuthenticationResponseJSON, RegistrationResponseJSON } from '@simplewebauthn/server';
import { z } from 'zod';

const base64url = (longest: number) =>
  z
    .string({ error: (issue) => (issue.input === undefined ? 'is missing' : 'must be a text') })
    .max(longest, `must have at most ${longest} characters`)
    .regex(/^[\w-]+$/, 'must be base64url');

/** Members that both answers of an authenticator have (WebAuthn §5.1). */
const credential = {
  id: base64url(1400),
  rawId: base64url(1400),
  type: z.literal('public-key'),
  authenticatorAttachment: z.string().max(40).nullish(),
  clientExtensionResults: z.looseObject({}).default({}),
};

/** The answer of `navigator.credentials.create()`, as its `toJSON()` writes it. */
export const newCredential = z
  .object({
    ...credential,
    response: z.object({
      clientDataJSON: base64url(8000),
      attestationObject: base64url(30_000),
      transports: z.array(z.string().max(20)).max(10).optional(),
    }),
  })
  .transform((value) => value as unknown as RegistrationResponseJSON);

/** The answer of `navigator.credentials.get()`, as its `toJSON()` writes it. */
export const assertion = z
  .object({
    ...credential,
    response: z.object({
      clientDataJSON: base64url(8000),
      authenticatorData: base64url(8000),
      signature: base64url(8000),
      userHandle: base64url(100).nullish(),
    }),
  })
  .transform((value) => value as unknown as AuthenticationResponseJSON);

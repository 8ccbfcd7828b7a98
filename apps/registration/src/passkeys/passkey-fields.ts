import type { AuthenticationResponseJSON, RegistrationResponseJSON } from '@simplewebauthn/server';
import { z } from 'zod';
import { apiSignInBody, kindOf, plainLine } from '../developers/account-fields.js';

const base64url = (longest: number) =>
  z
    .string(kindOf('a text'))
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
const newCredential = z
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
const assertion = z
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

const name = plainLine(60).describe('Any name by which the owner recognizes the passkey');

/** Body of `POST /api/developers/me/passkeys/options`. */
export const passkeyOptionsBody = z.object({
  current_password: apiSignInBody.shape.password,
  device_token: apiSignInBody.shape.device_token,
});

/** Body of `POST /api/developers/me/passkeys`. */
export const newPasskeyBody = z.object({ name, response: newCredential });
export type NewPasskey = z.infer<typeof newPasskeyBody>;

/** Body of `PATCH /api/developers/me/passkeys/:id`. */
export const passkeyNameBody = z.object({ name });

/** Body of `POST /api/sessions/passkey`. */
export const passkeySignInBody = z.object({ response: assertion });

/** A passkey in the answers of the API. */
export const passkeyView = z.object({
  id: z.string().describe('The credential id of WebAuthn, in base64url'),
  name: z.string(),
  is_synced: z.boolean().describe('Whether the authenticator copies the passkey to other devices'),
  created_at: z.date(),
  last_used_at: z.date().nullable(),
});
export type PasskeyView = z.infer<typeof passkeyView>;

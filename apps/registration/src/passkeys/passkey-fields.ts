import { assertion, newCredential } from '@payer/service/passkeys';
import { z } from 'zod';
import { apiSignInBody, plainLine } from '../developers/account-fields.js';

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

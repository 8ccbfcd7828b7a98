import { z } from 'zod';
import { longestPassword, shortestPassword } from './password-rules.js';

/** The error for a member that is missing or has the wrong type. */
export const kindOf = (kind: string) => ({
  error: ({ input }: { input?: unknown }) => (input === undefined ? 'is missing' : `must be ${kind}`),
});

/**
 * C0/C1 controls, zero-width characters, and direction marks: they let one name look like another. Half of a
 * surrogate pair (`\p{Cs}`) is no character, and PostgreSQL refuses it in jsonb.
 */
const deceptive = /[\p{Cc}\p{Cs}\u00ad\u200b\u2060\ufeff\u200e\u200f\u202a-\u202e\u2066-\u2069]/u;

/** One line of visible text: trimmed, not empty, without invisible control characters. */
export function plainLine(longest: number) {
  return z
    .string(kindOf('a text'))
    .trim()
    .min(1, 'must not be empty')
    .max(longest, `must have at most ${longest} characters`)
    .refine(
      (text) => !deceptive.test(text),
      'must not contain invisible, control or direction-changing characters',
    );
}

/** Several lines of text. */
export function plainText(longest: number) {
  return z
    .string(kindOf('a text'))
    .trim()
    .max(longest, `must have at most ${longest} characters`)
    .refine((text) => !deceptive.test(text.replace(/[\r\n\t]/g, '')), 'must not contain control characters');
}

export const emailAddress = z
  .string(kindOf('a text'))
  .trim()
  .max(254, 'must have at most 254 characters')
  .pipe(z.email('must be an email address such as dev@client-app.example'));

/** A password that its owner chooses. {@link checkPassword} applies the other rules. */
const newPassword = z
  .string(kindOf('a text'))
  .min(shortestPassword, `must have at least ${shortestPassword} characters`)
  .max(longestPassword, `must have at most ${longestPassword} characters`);

/** Body of `POST /api/developers`. */
export const signUpBody = z.object({
  name: plainLine(100),
  organization: plainLine(100),
  email: emailAddress,
  password: newPassword,
});
export type SignUp = z.infer<typeof signUpBody>;

/** Fields of the sign-in page. */
export const signInBody = z.object({
  email: z
    .string(kindOf('a text'))
    .trim()
    .min(1, 'must not be empty')
    .max(254)
    .refine((text) => !text.includes('\0'), 'must not contain a NUL character'),
  password: z.string(kindOf('a text')).min(1, 'must not be empty').max(200),
});
export type SignIn = z.infer<typeof signInBody>;

/** Body of `POST /api/sessions`. */
export const apiSignInBody = signInBody.extend({
  device_token: z
    .string(kindOf('a text'))
    .max(200, 'must have at most 200 characters')
    .optional()
    .describe('From the answer of an earlier sign-in of this account'),
});

/** Body of `PUT /api/developers/me/password`. */
export const passwordChangeBody = z.object({
  current_password: signInBody.shape.password,
  new_password: newPassword,
  device_token: apiSignInBody.shape.device_token,
});

/** Body of `POST /api/password-resets`. */
export const resetRequestBody = z.object({ email: emailAddress });

/** Body of the calls that take the token of a mail's link, and nothing else. */
export const linkTokenBody = z.object({
  token: z.string(kindOf('a text')).min(1, 'must not be empty').max(200),
});

/** Body of `POST /api/sign-ups`. */
export const signUpFinishBody = linkTokenBody.extend({
  password: signInBody.shape.password.describe('The password of the sign-up'),
});

/** Body of `PUT /api/password-resets`. */
export const passwordResetBody = z.object({
  token: z.string(kindOf('a text')).min(1, 'must not be empty').max(200),
  new_password: newPassword,
});

import { z } from 'zod';
import { clientAuthMethods, keySetProblem, redirectUriProblem } from '@payer/smart';
import { emailAddress, kindOf, plainLine } from '../developers/account-fields.js';

const mostRedirectUris = 20;
const longestUri = 2000;

const redirectUri = z
  .string(kindOf('a text'))
  .max(longestUri, `must have at most ${longestUri} characters`)
  .superRefine((uri, context) => {
    const problem = redirectUriProblem(uri);
    if (problem) context.addIssue({ code: 'custom', message: problem });
  });

/**
 * A repeated redirect URI is refused, because the repetition may be a typing error for another URI. No URI is
 * normalised.
 */
export const redirectUris = z
  .array(redirectUri, 'must be a list of URIs')
  .max(mostRedirectUris, `must have at most ${mostRedirectUris} entries`)
  .superRefine((uris, context) => {
    uris.forEach((uri, index) => {
      if (uris.indexOf(uri) !== index)
        context.addIssue({ code: 'custom', path: [index], message: 'is in the list already' });
    });
  });

/** Bytes of a URL as it is sent: other characters than ASCII become %-escapes, a host becomes Punycode. */
const sentBytes = (url: string): number => (URL.canParse(url) ? new URL(url).href : url).length;

/**
 * A link or an image for members. https only: browsers block other images on our pages and warn about other
 * links.
 */
export const webPage = z
  .string(kindOf('a text'))
  .trim()
  .max(longestUri, `must have at most ${longestUri} characters`)
  .refine((text) => !/[\p{Cc}\s]/u.test(text), 'must not contain spaces or control characters')
  .pipe(z.url({ protocol: /^https$/, error: 'must be an absolute https URL' }))
  .refine(
    (url) => sentBytes(url) <= longestUri,
    `must have at most ${longestUri} bytes as an ASCII URL; other characters count as they are sent, such as %C3%A4 for ä`,
  )
  .nullable();

/** Public keys for `private_key_jwt`. */
const jwks = z
  .object(
    { keys: z.array(z.record(z.string(), z.unknown()), 'must be a list of keys') },
    'must be a JSON Web Key Set: {"keys": [...]}',
  )
  .superRefine((set, context) => {
    const problem = keySetProblem(set);
    if (problem) context.addIssue({ code: 'custom', message: problem });
  })
  .nullable();

/**
 * Client metadata that a developer may set, under the names of RFC 7591 §2. `require_pkce` is an extension.
 * Other members are ignored, as RFC 7591 §2 requires.
 */
const metadata = z.object({
  client_name: plainLine(100),
  redirect_uris: redirectUris,
  /** OpenID Connect RP-Initiated Logout 1.0 §3.1. The rules are those of redirect URIs. */
  post_logout_redirect_uris: redirectUris,
  client_uri: webPage,
  logo_uri: webPage,
  policy_uri: webPage,
  tos_uri: webPage,
  contacts: z
    .array(emailAddress, 'must be a list of email addresses')
    .max(10, 'must have at most 10 entries'),
  require_pkce: z.boolean('must be true or false'),
  require_pushed_authorization_requests: z.boolean('must be true or false'),
  dpop_bound_access_tokens: z.boolean('must be true or false'),
  token_endpoint_auth_method: z.enum(clientAuthMethods, `must be one of ${clientAuthMethods.join(', ')}`),
  jwks,
  jwks_uri: z
    .string(kindOf('a text'))
    .max(longestUri, `must have at most ${longestUri} characters`)
    .nullable(),
});
export type AppMetadata = z.infer<typeof metadata>;

/** Body of `POST /api/apps`. */
export const newAppBody = metadata.extend({
  redirect_uris: redirectUris.default([]),
  post_logout_redirect_uris: redirectUris.default([]),
  client_uri: webPage.default(null),
  logo_uri: webPage.default(null),
  policy_uri: webPage.default(null),
  tos_uri: webPage.default(null),
  contacts: metadata.shape.contacts.default([]),
  require_pkce: metadata.shape.require_pkce.default(false),
  require_pushed_authorization_requests: metadata.shape.require_pushed_authorization_requests.default(false),
  dpop_bound_access_tokens: metadata.shape.dpop_bound_access_tokens.default(false),
  token_endpoint_auth_method: metadata.shape.token_endpoint_auth_method.default('client_secret_basic'),
  jwks: jwks.default(null),
  jwks_uri: metadata.shape.jwks_uri.default(null),
});

/** Fields that a page checks while a developer types: metadata, and the URLs of a production request. */
export const checkedFields = metadata.partial().extend({
  organization_uri: webPage.optional(),
  privacy_policy_uri: webPage.optional(),
  security_contact: emailAddress.nullish(),
});

/** Body of `PATCH /api/apps/:client_id`. Absent members stay unchanged. */
export const appPatchBody = metadata.partial();
export type AppPatch = z.infer<typeof appPatchBody>;

import { z } from 'zod';
import { environments } from './environments.js';
import { plans } from './plans.js';

/** Client id with which consent signs members in at auth-server, for their connected-apps page. */
export const connectedAppsClientId = 'connected-apps';

/** Lifetimes, in seconds, of the signed messages that pass through the member's browser. */
export const consentRequestLifetime = 600;
export const consentDecisionLifetime = 120;
export const signOutRequestLifetime = 60;

/** JWT `typ` headers, so that no message or token is accepted in place of another (RFC 8725 §3.11). */
export const consentRequestType = 'consent-request+jwt';
export const consentDecisionType = 'consent-decision+jwt';
export const signOutRequestType = 'sign-out-request+jwt';

/**
 * A consent request contains the member's name, and URLs end up in logs and histories. So the signed request
 * is encrypted to consent's key (`use: enc` of its JWKS): compact JWE (RFC 7516) around the JWT, ECDH-ES over
 * X25519 (RFC 8037).
 */
export const consentRequestEncryption = { alg: 'ECDH-ES', enc: 'A256GCM' } as const;

/** The relationships of a representative to the patient that pages have words for. */
export const relationships = ['parent', 'guardian', 'spouse', 'child', 'carer', 'other'] as const;
export type Relationship = (typeof relationships)[number];

/**
 * The relationship in which a member acts for another patient (personal representative, 45 CFR 164.502(g)).
 */
const representationClaims = z.object({
  /** Name of the patient. */
  patient_name: z.string(),
  /** Id of the RelatedPerson resource that stands for the member. */
  related_person: z.string(),
  relationship: z.enum(relationships).catch('other'),
  /** End of the right, in seconds since the epoch. Absent for a right without an end. */
  ends_at: z.number().optional(),
  /** The member's own patient. Absent for a person without own records here. */
  own_patient: z.string().optional(),
});

/**
 * From `auth-server` to `consent`: this member is signed in, and this app asks for this access. Signed RS256
 * with the environment's key; `iss` = the issuer, `aud` = the environment's management URL. Single use by
 * `jti`, and only in the browser identified by `browser`.
 */
export const consentRequestClaims = z.object({
  iss: z.string(),
  aud: z.string(),
  jti: z.string(),
  iat: z.number(),
  exp: z.number(),
  environment: z.enum(environments),
  interaction: z.string(),
  /**
   * SHA-256, in base64url, of the secret in consent's cookie. Binds the request to the browser that holds
   * auth-server's cookie.
   */
  browser: z.string(),
  /** The member: `sub` of the environment's issuer. */
  sub: z.string(),
  member_name: z.string(),
  /** The patient whose records the app asks for: the member, or a person whom the member represents. */
  patient: z.string(),
  /**
   * Opaque value that stands for interaction, member and patient. The decision repeats it, because the
   * decision is not encrypted and an address must not show a patient's id.
   */
  choice: z.string().optional(),
  /** Present when the member acts as the representative of the patient. */
  representation: representationClaims.optional(),
  /** Address at which the member chooses another patient. Absent when there is no other. */
  choose_patient_url: z.string().optional(),
  client_id: z.string(),
  client_name: z.string(),
  organization: z.string().optional(),
  logo_uri: z.string().optional(),
  client_uri: z.string().optional(),
  policy_uri: z.string().optional(),
  tos_uri: z.string().optional(),
  /** Scopes of the grant, separated by spaces. */
  scope: z.string(),
  /** The app's plan, which determines the readable resource types. The previous version does not send it. */
  plan: z.enum(plans).optional(),
  /** Language of the sign-in page, such as `es`. The consent page continues in it. */
  language: z.string().max(35).optional(),
  /** Address to which the browser takes the decision (`?decision=` is appended). */
  return_to: z.string(),
  /** Address at which another member can sign in, for a browser with several users. */
  sign_in_url: z.string().optional(),
  /** Time of the member's sign-in, in seconds since the epoch. */
  auth_time: z.number(),
  /** Whether the app insists on a question (`prompt=consent`), even if a standing grant answers it. */
  ask_again: z.boolean().optional(),
});
export type ConsentRequest = z.infer<typeof consentRequestClaims>;

/**
 * From `consent` back to `auth-server`: the member's decision. Signed RS256 with consent's key; `iss` = the
 * environment's management URL, `aud` = the issuer. Single use by `jti`.
 */
export const consentDecisionClaims = z.discriminatedUnion('decision', [
  z.object({
    iss: z.string(),
    aud: z.string(),
    jti: z.string(),
    iat: z.number(),
    exp: z.number(),
    interaction: z.string(),
    sub: z.string(),
    client_id: z.string(),
    decision: z.literal('allow'),
    grant_id: z.string(),
    /** `choice` of the consent request. Absent from the previous version: the member's own records. */
    choice: z.string().optional(),
    scope: z.string(),
    /** When consent made the grant, in seconds since the epoch. Absent from the previous version. */
    grant_created_at: z.number().optional(),
    /** Seconds since the epoch; no token of this grant lives longer. */
    grant_expires_at: z.number(),
    /** Keys of the sensitive kinds of data that the member opened (sensitive-kinds.ts); absent means none. */
    sensitive: z.array(z.string()).optional(),
  }),
  z.object({
    iss: z.string(),
    aud: z.string(),
    jti: z.string(),
    iat: z.number(),
    exp: z.number(),
    interaction: z.string(),
    sub: z.string(),
    client_id: z.string(),
    decision: z.literal('deny'),
  }),
]);
export type ConsentDecision = z.infer<typeof consentDecisionClaims>;

/**
 * From `consent` to `auth-server`: this member signs out, so end the session there, too. Signed RS256 with
 * consent's key; `iss` = the environment's management URL, `aud` = the issuer.
 */
export const signOutRequestClaims = z.object({
  iss: z.string(),
  aud: z.string(),
  jti: z.string(),
  iat: z.number(),
  exp: z.number(),
  sub: z.string(),
});
export type SignOutRequest = z.infer<typeof signOutRequestClaims>;

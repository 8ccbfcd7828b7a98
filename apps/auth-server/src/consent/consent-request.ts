import {
  consentRequestEncryption,
  consentRequestLifetime,
  consentRequestType,
  type AppState,
  type ConsentRequest,
  type EnvironmentAddresses,
} from '@payer/smart';
import { CompactEncrypt, SignJWT } from 'jose';
import { randomUUID } from 'node:crypto';
import type { Keys } from '../keys/keys.js';
import type { EncryptionKey } from './encryption-key.js';
import type { Member } from '../members/members.js';

/** Signs the consent request for the browser. Encrypts it, too, because it names the member. */
export async function makeConsentRequest(
  keys: Keys,
  recipient: EncryptionKey,
  addresses: EnvironmentAddresses,
  question: {
    interaction: string;
    browser: string;
    member: Member;
    app: AppState;
    scope: string;
    returnTo: string;
    signInUrl: string;
    language: string;
    authTime: number;
    /** Whether the app sent `prompt=consent` (OpenID Connect Core §3.1.2.1). */
    askAgain: boolean;
  },
): Promise<string> {
  const { app, member } = question;
  const { kid, key } = keys.signing(addresses.environment);
  const optional = Object.fromEntries(
    Object.entries({
      organization: app.organization,
      logo_uri: app.logo_uri,
      client_uri: app.client_uri,
      policy_uri: app.policy_uri,
      tos_uri: app.tos_uri,
    }).filter(([, value]) => Boolean(value)),
  );
  const claims: Omit<ConsentRequest, 'iss' | 'aud' | 'jti' | 'iat' | 'exp'> = {
    environment: addresses.environment,
    interaction: question.interaction,
    browser: question.browser,
    sub: member.sub,
    member_name: member.name,
    patient: member.patient,
    client_id: app.client_id,
    client_name: app.client_name,
    ...optional,
    scope: question.scope,
    ...(app.plan ? { plan: app.plan } : {}),
    language: question.language,
    return_to: question.returnTo,
    sign_in_url: question.signInUrl,
    auth_time: question.authTime,
    ...(question.askAgain ? { ask_again: true } : {}),
  };
  const signed = await new SignJWT(claims as never)
    .setProtectedHeader({ alg: 'RS256', typ: consentRequestType, kid })
    .setIssuer(addresses.issuer)
    .setAudience(addresses.managementUrl)
    .setJti(randomUUID())
    .setIssuedAt()
    .setExpirationTime(`${consentRequestLifetime}s`)
    .sign(key);
  return new CompactEncrypt(new TextEncoder().encode(signed))
    .setProtectedHeader({ ...consentRequestEncryption, cty: 'JWT', kid: recipient.kid })
    .encrypt(recipient.key);
}

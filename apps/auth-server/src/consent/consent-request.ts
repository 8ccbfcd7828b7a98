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
import type { ChosenPatient } from '../representation/patient-choices.js';

/** Signs the consent request for the browser. Encrypts it, too, because it names the member. */
export async function makeConsentRequest(
  keys: Keys,
  recipient: EncryptionKey,
  addresses: EnvironmentAddresses,
  question: {
    interaction: string;
    browser: string;
    member: Member;
    patient: ChosenPatient;
    /** Where the member chooses another patient. Undefined when there is no other. */
    choosePatientUrl?: string;
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
    patient: question.patient.patient,
    choice: question.patient.choice,
    ...representationOf(member, question.patient),
    ...(question.choosePatientUrl ? { choose_patient_url: question.choosePatientUrl } : {}),
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

function representationOf(
  member: Member,
  { representation }: ChosenPatient,
): Pick<ConsentRequest, 'representation'> {
  if (!representation) return {};
  const { patient_name, related_person, relationship, ends_at } = representation;
  return {
    representation: {
      patient_name,
      related_person,
      relationship,
      ...(ends_at ? { ends_at: Math.floor(ends_at.getTime() / 1000) } : {}),
      ...(member.patient ? { own_patient: member.patient } : {}),
    },
  };
}

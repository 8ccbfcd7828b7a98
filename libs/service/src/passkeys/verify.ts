import type { AuthenticationResponseJSON, RegistrationResponseJSON } from '@simplewebauthn/server';
import type { RelyingParty } from './relying-party.js';
import { webauthn } from './webauthn.js';

/** A passkey that an authenticator has created. */
export interface NewPasskeyKey {
  id: string;
  publicKey: Buffer;
  counter: number;
  transports: string[];
  /** Whether the authenticator copies the passkey to other devices. */
  isSynced: boolean;
  /** The answered challenge, which the caller marks as used. */
  challenge: string;
}

/** A stored passkey. */
export interface PasskeyKey {
  credential_id: string;
  public_key: Buffer;
  /** A bigint of PostgreSQL, as text. */
  counter: string;
}

/**
 * Verifies the answer of `navigator.credentials.create()` (WebAuthn §7.1). The authenticator must have
 * verified the person.
 * @throws Error that says why it does not verify
 */
export async function verifyNewPasskey(
  party: RelyingParty,
  response: RegistrationResponseJSON,
  isIssued: (challenge: string) => boolean,
): Promise<NewPasskeyKey> {
  const { verifyRegistrationResponse } = await webauthn();
  let challenge = '';
  const verification = await verifyRegistrationResponse({
    response,
    expectedChallenge: (sent) => {
      challenge = sent;
      return isIssued(sent);
    },
    expectedOrigin: party.origin,
    expectedRPID: party.id,
    requireUserVerification: true,
  });
  if (!verification.verified) throw new Error('its signature does not verify');
  const { credential, credentialDeviceType } = verification.registrationInfo;
  return {
    id: credential.id,
    publicKey: Buffer.from(credential.publicKey),
    counter: credential.counter,
    transports: credential.transports ?? [],
    isSynced: credentialDeviceType === 'multiDevice',
    challenge,
  };
}

/**
 * Verifies the answer of `navigator.credentials.get()` (WebAuthn §7.2). The authenticator must have verified
 * the person.
 * @returns the answered challenge and the new counter, or undefined when the answer does not verify
 */
export async function verifyPasskey(
  party: RelyingParty,
  passkey: PasskeyKey,
  response: AuthenticationResponseJSON,
  isIssued: (challenge: string) => boolean,
): Promise<{ challenge: string; counter: number } | undefined> {
  const { verifyAuthenticationResponse } = await webauthn();
  let challenge = '';
  const verification = await verifyAuthenticationResponse({
    response,
    expectedChallenge: (sent) => {
      challenge = sent;
      return isIssued(sent);
    },
    expectedOrigin: party.origin,
    expectedRPID: party.id,
    credential: {
      id: passkey.credential_id,
      publicKey: new Uint8Array(passkey.public_key),
      counter: Number(passkey.counter),
    },
    requireUserVerification: true,
    // The library reports a wrong signature, origin, challenge or counter as an error.
  }).catch(() => undefined);
  if (!verification?.verified) return undefined;
  return { challenge, counter: verification.authenticationInfo.newCounter };
}

/**
 * SQL condition of an update that raises the column `counter`. Two concurrent answers with one counter: the
 * second one finds the counter already raised. An authenticator without a counter always sends zero.
 * @param parameter of the new counter, such as `$2`
 */
export const counterGrows = (parameter: string): string =>
  `(counter < ${parameter} OR (counter = 0 AND ${parameter} = 0))`;

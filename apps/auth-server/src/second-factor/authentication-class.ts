import type { SecondFactorProof } from './second-factors.js';

/** Authentication context classes (`acr`) of the REFEDS profiles, and methods (`amr`, RFC 8176). */
interface AuthenticationClass {
  acr: string;
  amr: string[];
}

export const passwordOnly: AuthenticationClass = { acr: 'https://refeds.org/profile/sfa', amr: ['pwd'] };

/**
 * Without attestation nobody knows whether hardware keeps the key of a passkey, so it is `pop` (proof of
 * possession, OpenID Connect EAP ACR Values 1.0) instead of `hwk` or `swk`. `user` says that the
 * authenticator tested the presence of a person (RFC 8176 §2).
 */
const byProof: Record<SecondFactorProof, AuthenticationClass> = {
  otp: { acr: 'https://refeds.org/profile/mfa', amr: ['pwd', 'otp', 'mfa'] },
  passkey: { acr: 'https://refeds.org/profile/mfa', amr: ['pwd', 'pop', 'user', 'mfa'] },
  recovery: { acr: 'https://refeds.org/profile/mfa', amr: ['pwd', 'mfa'] },
};

/** The class of a sign-in with a password and this second factor. */
export const withSecondFactor = (proof: SecondFactorProof): AuthenticationClass => byProof[proof];

/** The classes that a sign-in here can have, for the discovery document. */
export const offeredClasses: string[] = [passwordOnly.acr, byProof.otp.acr];

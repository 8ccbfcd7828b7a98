import { Secret, TOTP } from 'otpauth';

/** Seconds of one time step (RFC 6238 §4.1, the default of authenticator apps). */
const period = 30;

/** Steps before and after the present one whose code is accepted: clocks differ (RFC 6238 §5.2). */
const tolerance = 1;

const of = (secret: string, label = '', issuer = '') =>
  new TOTP({ secret: Secret.fromBase32(secret), label, issuer, digits: 6, period, algorithm: 'SHA1' });

/** A new secret of 160 bits in base32 (RFC 4226 §4, R6). */
export const newSecret = (): string => new Secret({ size: 20 }).base32;

/** The address that an authenticator app reads from the QR code. */
export const enrolmentUri = (secret: string, account: string, issuer: string): string =>
  of(secret, account, issuer).toString();

/**
 * The time step of a code, or undefined for a wrong code.
 * @param at milliseconds since the epoch
 */
export function stepOf(secret: string, code: string, at = Date.now()): number | undefined {
  if (!/^\d{6}$/.test(code)) return undefined;
  const delta = of(secret).validate({ token: code, timestamp: at, window: tolerance });
  return delta === null ? undefined : Math.floor(at / 1000 / period) + delta;
}

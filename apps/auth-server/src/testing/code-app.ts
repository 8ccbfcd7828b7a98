import { Secret, TOTP } from 'otpauth';

/** The code of an instant, as an authenticator app shows it with its defaults (RFC 6238 §4). */
export const codeAt = (secret: string, at: number): string =>
  new TOTP({ secret: Secret.fromBase32(secret), digits: 6, period: 30, algorithm: 'SHA1' }).generate({
    timestamp: at,
  });

import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

/** Seconds for which a browser stays known for a name after a sign-in. */
export const knownDeviceLifetime = 365 * 24 * 3600;

/**
 * Browsers in which a name has signed in before ("device cookies", OWASP). An attacker who guesses passwords
 * can exhaust the limits of a name, but not in these browsers. So a stranger cannot lock the owner out.
 */
export class KnownDevices {
  /** @param key secret of the service */
  constructor(private readonly key: string) {}

  /** A cookie value that proves a sign-in of this name in the browser. */
  issue(name: string): string {
    const device = randomBytes(16).toString('base64url');
    return `${device}.${this.seal(device, name)}`;
  }

  /** The id of the device, if the cookie was issued for this name. */
  deviceOf(cookie: string | undefined, name: string): string | undefined {
    const [device = '', seal = ''] = (cookie ?? '').split('.');
    const expected = Buffer.from(this.seal(device, name));
    const given = Buffer.from(seal);
    return given.length === expected.length && timingSafeEqual(given, expected) ? device : undefined;
  }

  private seal(device: string, name: string): string {
    return createHmac('sha256', this.key)
      .update(`known device\0${device}\0${name.toLowerCase()}`)
      .digest('base64url');
  }
}

import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

/** Seconds a browser stays known for a name after signing in with it. */
export const knownDeviceLifetime = 365 * 24 * 3600;

/**
 * Browsers in which somebody has signed in with a name before ("device cookies", OWASP). Whoever guesses passwords from
 * elsewhere can have the name paused everywhere but there, so nobody is locked out by a stranger.
 */
export class KnownDevices {
  /** @param key secret of the service */
  constructor(private readonly key: string) {}

  /** A cookie's value that says: the owner of this name has signed in here. */
  issue(name: string): string {
    const device = randomBytes(16).toString('base64url');
    return `${device}.${this.seal(device, name)}`;
  }

  /** The device's id, when the cookie was issued for this very name. */
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

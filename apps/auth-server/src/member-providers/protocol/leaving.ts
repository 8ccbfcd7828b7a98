import { Sealer } from '@payer/service';
import { z } from 'zod';

/** State that the browser keeps, sealed, while the member is at a provider. */
const leavingShape = z.object({
  provider: z.string(),
  environment: z.string(),
  /** The interaction that the member returns to. */
  uid: z.string(),
  /** `state` (OpenID Connect) or `RelayState` (SAML). The provider's answer repeats it. */
  state: z.string(),
  /** `max_age` of the app's request, in seconds. */
  maxAge: z.number().optional(),
  /** Milliseconds since the epoch. */
  expires: z.number(),
  /** OpenID Connect: the nonce and the PKCE verifier. */
  nonce: z.string().optional(),
  verifier: z.string().optional(),
  /** SAML: the id of the AuthnRequest. */
  requestId: z.string().optional(),
});
export type Leaving = z.infer<typeof leavingShape>;

/** The part of the state that only the protocol knows. */
export type ProtocolState = Pick<Leaving, 'nonce' | 'verifier' | 'requestId'>;

/** Seconds that a member may stay at the provider. */
export const leavingLifetime = 15 * 60;

/** Seals the state of a sign-in for the cookie of the browser that leaves for a provider. */
export class Leavings {
  private readonly sealer: Sealer;

  constructor(keyEncryptionKey: string) {
    this.sealer = new Sealer(keyEncryptionKey);
  }

  seal(leaving: Omit<Leaving, 'expires'>): string {
    const expires = Date.now() + leavingLifetime * 1000;
    return this.sealer.seal(JSON.stringify({ ...leaving, expires }), 'provider sign-in');
  }

  /** @throws Error when the cookie is missing or altered, is for another provider, or has expired */
  open(sealed: string, rule: { id: string; environment: string }): Leaving {
    const leaving = leavingShape.parse(JSON.parse(this.sealer.open(sealed, 'provider sign-in')));
    if (leaving.provider !== rule.id || leaving.environment !== rule.environment)
      throw new Error('the browser left for another provider');
    if (leaving.expires < Date.now()) throw new Error('the sign-in took too long');
    return leaving;
  }
}

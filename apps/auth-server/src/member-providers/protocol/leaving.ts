import { createHmac, hkdfSync, randomBytes, timingSafeEqual } from 'node:crypto';

/** A sign-in at a provider, from the moment the browser leaves until it comes back. */
export interface Leaving {
  /** `state` (OpenID Connect) or `RelayState` (SAML). The provider's answer repeats it. */
  state: string;
  /** The interaction that the member returns to. */
  uid: string;
  /** OpenID Connect: the nonce and the PKCE verifier (RFC 7636 §4.1). */
  nonce: string;
  verifier: string;
  /** SAML: the id of the AuthnRequest, which begins with a letter or an underscore. */
  requestId: string;
}

/** Seconds that a member may stay at the provider. */
const lifetime = 15 * 60;

/** SAML allows 80 bytes (SAML Bindings §3.4.3): uid, seconds, a random part and a seal. */
const stateShape = /^(?<head>(?<uid>[\w-]{16,43})\.(?<begun>[0-9a-z]{6,7})[\w-]{6})\.(?<seal>[\w-]{20})$/;

type Place = { id: string; environment: string };

/**
 * Names the sign-ins that have left for a provider. The state contains the interaction and a seal, and all
 * other values derive from it, so neither a cookie nor a row holds them. Any number of tabs can be at a
 * provider, and their answers may come back in any order.
 *
 * The state binds an answer to its interaction. The engine's signed cookie binds the interaction to its
 * browser, so an answer signs nobody in at another browser (login CSRF, RFC 6749 §10.12).
 */
export class Leavings {
  private readonly key: Buffer;

  constructor(keyEncryptionKey: string) {
    this.key = Buffer.from(hkdfSync('sha256', keyEncryptionKey, '', 'payer provider sign-in', 32));
  }

  /** @param uid of the interaction */
  begin(place: Place, uid: string, now = Date.now()): Leaving {
    const begun = Math.floor(now / 1000).toString(36);
    const head = `${uid}.${begun}${randomBytes(4).toString('base64url')}`;
    return this.of(place, uid, `${head}.${this.sealOf(place, head)}`);
  }

  /**
   * The sign-in that a state names.
   * @throws Error when the state was altered, is for another provider, or has expired
   */
  find(place: Place, state: string, now = Date.now()): Leaving {
    const { head = '', uid = '', begun = '', seal = '' } = stateShape.exec(state)?.groups ?? {};
    const expected = this.sealOf(place, head);
    if (seal.length !== expected.length || !timingSafeEqual(Buffer.from(seal), Buffer.from(expected)))
      throw new Error('the state is none of this provider');
    if (Number.parseInt(begun, 36) + lifetime < now / 1000) throw new Error('the sign-in took too long');
    return this.of(place, uid, state);
  }

  private of(place: Place, uid: string, state: string): Leaving {
    const secret = (use: string) => this.derive(place, use, state).toString('base64url');
    return {
      ...{ state, uid },
      ...{ nonce: secret('nonce'), verifier: secret('verifier'), requestId: `_${secret('request')}` },
    };
  }

  /** 120 bits. */
  private sealOf(place: Place, head: string): string {
    return this.derive(place, 'seal', head).subarray(0, 15).toString('base64url');
  }

  private derive({ environment, id }: Place, use: string, value: string): Buffer {
    return createHmac('sha256', this.key).update(`${use} ${environment} ${id} ${value}`).digest();
  }
}

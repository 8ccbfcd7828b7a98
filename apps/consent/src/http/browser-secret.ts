import { randomToken, sha256 } from '@payer/service';
import type { FastifyReply, FastifyRequest } from 'fastify';

/** Seconds. The longest duration of an interaction at auth-server. */
const lifetime = 30 * 60;

/**
 * A random secret in a cookie that identifies a browser. Only its SHA-256 leaves the browser, in the consent
 * request. So a consent request is invalid in another browser (login CSRF, RFC 9700 §4.7).
 */
export class BrowserSecret {
  private readonly name: string;

  /**
   * @param secure whether the service is reached by https; then no other host can set the cookie (`__Host-`)
   */
  constructor(private readonly secure: boolean) {
    this.name = secure ? '__Host-consent_browser' : 'consent_browser';
  }

  /** @returns the hash of this browser's secret; a browser without a secret gets a new one */
  begin(request: FastifyRequest, reply: FastifyReply): string {
    const secret = this.secretOf(request) ?? randomToken();
    void reply.setCookie(this.name, secret, {
      path: '/',
      httpOnly: true,
      sameSite: 'lax',
      secure: this.secure,
      maxAge: lifetime,
    });
    return sha256(secret);
  }

  /** Whether the hash belongs to this browser's secret. */
  matches(request: FastifyRequest, hash: string): boolean {
    const secret = this.secretOf(request);
    return secret !== undefined && sha256(secret) === hash;
  }

  private secretOf(request: FastifyRequest): string | undefined {
    const secret = request.cookies[this.name];
    return secret && /^[0-9a-z]{40,60}$/.test(secret) ? secret : undefined;
  }
}

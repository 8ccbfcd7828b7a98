import { randomToken, sha256 } from '@payer/service';
import type { FastifyReply, FastifyRequest } from 'fastify';

/** Seconds; as long as an interaction at auth-server may take. */
const lifetime = 30 * 60;

/**
 * A random secret in a cookie, by which consent knows a browser again. Only its SHA-256 leaves the browser, within the
 * consent request: so a request that is opened in another browser is worth nothing (login CSRF, RFC 9700 §4.7).
 */
export class BrowserSecret {
  private readonly name: string;

  /** @param secure whether the service is reached by https; then no other host can plant the cookie (`__Host-`) */
  constructor(private readonly secure: boolean) {
    this.name = secure ? '__Host-consent_browser' : 'consent_browser';
  }

  /** @returns the hash of this browser's secret, which is made where there is none */
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

  /** Whether the hash is that of this browser's secret. */
  matches(request: FastifyRequest, hash: string): boolean {
    const secret = this.secretOf(request);
    return secret !== undefined && sha256(secret) === hash;
  }

  private secretOf(request: FastifyRequest): string | undefined {
    const secret = request.cookies[this.name];
    return secret && /^[0-9a-z]{40,60}$/.test(secret) ? secret : undefined;
  }
}

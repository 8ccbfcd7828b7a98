import { Sealer } from '@payer/service';
import type { Environment } from '@payer/smart';
import type { FastifyReply, FastifyRequest } from 'fastify';

const cookieName = (environment: Environment) => `auth_after_sign_out_${environment}`;
const pathOf = (environment: Environment) => `/${environment}/provider-callback/`;

/** Seconds that the sign-out at the provider may take. */
const lifetime = 10 * 60;

/** Keeps the address after a sign-out at the provider in a cookie. It is sealed, so nobody can choose it. */
export class AfterSignOut {
  private readonly sealer: Sealer;

  constructor(private readonly config: { KEY_ENCRYPTION_KEY: string; AUTH_SERVER_URL: string }) {
    this.sealer = new Sealer(config.KEY_ENCRYPTION_KEY);
  }

  keep(reply: FastifyReply, environment: Environment, location: string): void {
    const text = JSON.stringify({ location, expires: Date.now() + lifetime * 1000 });
    void reply.setCookie(cookieName(environment), this.sealer.seal(text, `after sign-out ${environment}`), {
      path: pathOf(environment),
      httpOnly: true,
      sameSite: 'lax',
      secure: this.config.AUTH_SERVER_URL.startsWith('https:'),
      maxAge: lifetime,
    });
  }

  forget(reply: FastifyReply, environment: Environment): void {
    void reply.clearCookie(cookieName(environment), { path: pathOf(environment) });
  }

  /** The kept address, once. Undefined when there is none, or when the cookie is altered or too old. */
  take(request: FastifyRequest, reply: FastifyReply, environment: Environment): string | undefined {
    const sealed = request.cookies[cookieName(environment)];
    if (!sealed) return undefined;
    this.forget(reply, environment);
    try {
      const text = this.sealer.open(sealed, `after sign-out ${environment}`);
      const { location, expires } = JSON.parse(text) as { location: string; expires: number };
      return expires > Date.now() ? location : undefined;
    } catch {
      return undefined;
    }
  }
}

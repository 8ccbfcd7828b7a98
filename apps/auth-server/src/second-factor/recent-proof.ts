import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, Sealer } from '@payer/service';
import type { Environment } from '@payer/smart';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { Config } from '../config.js';

const cookieName = 'auth_recent_proof';

/** Seconds for which a member may change the sign-in after a proof. */
const lifetime = 10 * 60;

const proofShape = z.object({
  /** Whether the second factor was proved, too. The password alone is too weak once a member has one. */
  hasSecondFactor: z.boolean(),
  /** Milliseconds since the epoch. */
  expires: z.number(),
});

/** The session in which a member proves something. */
export interface ProvingSession {
  environment: Environment;
  sub: string;
  sessionUid: string;
}

/**
 * The recent proof of a member: a sealed cookie, bound to the session. A stolen session alone changes no
 * second factor, and the proof ends with the session.
 */
@Injectable()
export class RecentProof {
  private readonly sealer: Sealer;

  constructor(@Inject(CONFIG) private readonly config: Config) {
    this.sealer = new Sealer(config.KEY_ENCRYPTION_KEY);
  }

  give(reply: FastifyReply, session: ProvingSession, hasSecondFactor: boolean): void {
    const proof = JSON.stringify({ hasSecondFactor, expires: Date.now() + lifetime * 1000 });
    void reply.setCookie(cookieName, this.sealer.seal(proof, contextOf(session)), {
      path: `/${session.environment}/second-factor`,
      httpOnly: true,
      sameSite: 'strict',
      secure: this.config.AUTH_SERVER_URL.startsWith('https:'),
      maxAge: lifetime,
    });
  }

  /** @param needsSecondFactor whether the member has a second factor, which the proof must include */
  isGiven(request: FastifyRequest, session: ProvingSession, needsSecondFactor: boolean): boolean {
    try {
      const sealed = request.cookies[cookieName] ?? '';
      const proof = proofShape.parse(JSON.parse(this.sealer.open(sealed, contextOf(session))));
      return proof.expires > Date.now() && (proof.hasSecondFactor || !needsSecondFactor);
    } catch {
      return false;
    }
  }
}

const contextOf = ({ environment, sub, sessionUid }: ProvingSession) =>
  `recent proof ${environment} ${sub} ${sessionUid}`;

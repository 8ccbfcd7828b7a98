import { Sealer } from '@payer/service';
import type { Environment } from '@payer/smart';
import { z } from 'zod';

/** A checked logout request that waits for the member's answer. The browser keeps it, sealed. */
const pendingShape = z.object({
  /** The session that is to end. A request for another session is not answered by this one's form. */
  session: z.string(),
  appName: z.string().optional(),
  /** Whether the app asks for another member than the one who is signed in. */
  isOther: z.boolean(),
  location: z.string().optional(),
  /** Milliseconds since the epoch. */
  expires: z.number(),
});
export type PendingSignOut = z.infer<typeof pendingShape>;

/** Seconds that a member may take to answer. */
export const pendingLifetime = 10 * 60;

/** Seals logout requests for a cookie of the browser. */
export class PendingSignOuts {
  private readonly sealer: Sealer;

  constructor(keyEncryptionKey: string) {
    this.sealer = new Sealer(keyEncryptionKey);
  }

  seal(environment: Environment, pending: Omit<PendingSignOut, 'expires'>): string {
    const expires = Date.now() + pendingLifetime * 1000;
    return this.sealer.seal(JSON.stringify({ ...pending, expires }), `sign-out of ${environment}`);
  }

  /**
   * The request of this session, or undefined when it is missing, altered, expired, or of another session.
   */
  open(environment: Environment, sealed: string | undefined, session: string): PendingSignOut | undefined {
    if (sealed === undefined) return undefined;
    try {
      const pending = pendingShape.parse(JSON.parse(this.sealer.open(sealed, `sign-out of ${environment}`)));
      return pending.session === session && pending.expires > Date.now() ? pending : undefined;
    } catch {
      return undefined;
    }
  }
}

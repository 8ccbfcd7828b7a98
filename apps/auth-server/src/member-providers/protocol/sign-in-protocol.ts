import type { Leaving } from './leaving.js';

/** A verified sign-in at a provider. */
export interface ProviderSignIn {
  /** The member's key in the roster. */
  subject: string;
  /** When the member authenticated, in seconds since the epoch. */
  authTime: number | undefined;
  /** Class of the authentication: `acr` or AuthnContextClassRef. */
  acr: string | undefined;
  amr: string[] | undefined;
  /** Absent when the provider's session cannot be ended from here. */
  session?: ProviderSession;
}

/** The member's session at a provider. */
export interface ProviderSession {
  /** The `sub` of the id_token, or the NameID. */
  subject: string;
  /** `sid`, or the SessionIndex. */
  sid: string | undefined;
  /** Names the session at the sign-out: the id_token, or the NameID and SessionIndex as JSON. */
  hint: string;
}

/** A session that the provider has ended. At least one of the two is given. */
export interface ProviderLogout {
  subject: string | undefined;
  sid: string | undefined;
}

/** Requirements of the app's authorization request for the sign-in. */
export interface SignInWishes {
  uiLocales: string;
  /** Seconds. */
  maxAge?: number;
  /** Whether another member shall sign in than the one that the provider remembers. */
  isAgain: boolean;
}

/**
 * A provider's answer that signs nobody in. The message names the fault, for the log, and contains no data of
 * the member.
 */
export class RefusedAnswer extends Error {
  /** Runs a check whose every error means that the answer is refused. */
  static async from<Result>(check: () => Promise<Result>): Promise<Result> {
    try {
      return await check();
    } catch (error) {
      // A library's message can repeat a long value of the answer.
      throw new RefusedAnswer((error as Error).message.slice(0, 200));
    }
  }
}

/** One protocol by which members sign in at a provider. */
export interface SignInProtocol<Rule> {
  /** @returns the URL for the browser, at which it repeats the state of the sign-in */
  leave(rule: Rule, leaving: Leaving, wishes: SignInWishes): Promise<string>;
  /**
   * Takes the provider's answer.
   * @param query of the callback
   * @param maxAge of the app's request, in seconds
   * @throws RefusedAnswer when the answer does not belong to this sign-in, or is invalid
   */
  comeBack(rule: Rule, query: string, leaving: Leaving, maxAge?: number): Promise<ProviderSignIn>;
}
